"""What a city's people report, hour by hour. Everything is generated: no text is anybody's.

It behaves as such lists do: few kinds make most of it, evenings differ from nights and winter from summer, people mistype and
name two things at once, staff file some of it wrongly, and one day something comes up that nobody has a word for yet.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

WORDS = {
    "missed collection": ["the bin was not emptied", "rubbish not picked up", "recycling still there", "garbage truck skipped us",
                          "compost bin full since monday", "trash on the curb for days"],
    "noise": ["loud music next door", "party since midnight", "construction noise at night", "dog barks for hours",
              "neighbors shouting", "bar with open doors, very loud"],
    "pothole": ["deep hole in the road", "pothole damaged my tire", "asphalt broken up", "road surface is crumbling",
                "bike lane full of holes", "sinking pavement"],
    "street light": ["street light is out", "lamp flickers all night", "whole block is dark", "light pole leans",
                     "lantern broken", "no light at the crossing"],
    "graffiti": ["graffiti on the wall", "tags all over the underpass", "someone sprayed the door", "offensive words painted",
                 "spray paint on the statue"],
    "parking": ["car blocks the driveway", "parked on the sidewalk", "truck in the bike lane", "van without plates for weeks",
                "double parked every morning"],
    "tree": ["branch hangs over the road", "tree fell on the path", "roots lift the sidewalk", "dead tree near the school",
             "leaves block the drain"],
    "water": ["water main burst", "hydrant is leaking", "water comes out of the street", "sewer smells", "drain floods"],
    "snow and ice": ["sidewalk not cleared of snow", "black ice at the stop", "plow has not come", "steps are frozen over"],
    "animals": ["rats near the bins", "dead raccoon on the road", "stray dog without collar", "wasps in the playground"],
}  # fmt: skip
NEW = ["e-scooter thrown across the sidewalk", "rental scooters pile up at the corner", "scooters block the ramp",
       "zipp scooter left in front of my door", "scooter lies in the bike lane"]  # fmt: skip
NEW_IS = "parking"
SHARE = np.array([0.24, 0.17, 0.13, 0.10, 0.08, 0.11, 0.06, 0.05, 0.03, 0.03])
OPENINGS = [
    "",
    "",
    "",
    "hi, ",
    "please help: ",
    "again! ",
    "third time i report this, ",
    "good morning, ",
    "to whom it may concern: ",
]
ENDINGS = [
    "",
    "",
    "",
    " please come soon",
    " this is dangerous",
    " thank you",
    " for weeks now",
    " my kids walk here",
    " again and again",
]
STREETS = [
    "oak st",
    "main street",
    "5th ave",
    "river road",
    "station square",
    "hill lane",
    "mill road",
    "park avenue",
    "2nd street",
    "canal walk",
]
CHANNELS = ["app", "web", "phone"]
WRONGLY_FILED, TWO_THINGS, TYPOS = 0.05, 0.08, 0.25
OF_HOUR = np.array([2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 7, 7, 7, 7, 8, 8, 8, 7, 6, 6, 6, 5, 4]) / 5.5


def requests(start: datetime, end: datetime, an_hour: float, new_from: datetime, seed: int) -> pd.DataFrame:
    """All requests of the hours from `start` to before `end`: `opened_at`, `channel`, `ward`, `text`, `category`."""
    hours = int((end - start) / timedelta(hours=1))
    parts = [_hour(start + timedelta(hours=each), an_hour, new_from, seed) for each in range(hours)]
    return pd.concat(parts, ignore_index=True)


def _hour(hour: datetime, an_hour: float, new_from: datetime, seed: int) -> pd.DataFrame:
    random = np.random.default_rng([seed, int(hour.timestamp()) // 3600])
    count = int(random.poisson(an_hour * OF_HOUR[hour.hour]))
    winter = (1 + np.cos((hour.timetuple().tm_yday - 15) / 365 * 2 * np.pi)) / 2
    share = SHARE * np.array(
        [
            1,
            1.4 - 0.7 * winter,
            0.7 + 0.8 * winter,
            1,
            1,
            1,
            1.3 - 0.6 * winter,
            1,
            3 * winter**4,
            1.4 - winter,
        ]
    )
    if hour.hour >= 21 or hour.hour < 5:
        share = share * np.array([0.3, 4, 0.5, 1.5, 0.6, 0.8, 0.6, 1.2, 0.6, 0.8])
    kinds = random.choice(len(share), count, p=share / share.sum())
    rows = []
    for kind in kinds:
        category = list(WORDS)[kind]
        text = str(random.choice(WORDS[category]))
        if hour >= new_from and random.random() < 0.14:
            category, text = NEW_IS, str(random.choice(NEW))
        if random.random() < TWO_THINGS:
            text += " and " + str(random.choice(WORDS[str(random.choice(list(WORDS)))]))
        text = f"{random.choice(OPENINGS)}{text} at {random.integers(1, 300)} {random.choice(STREETS)}{random.choice(ENDINGS)}"
        if random.random() < TYPOS:
            text = _mistyped(text, random)
        if random.random() < WRONGLY_FILED:
            category = str(random.choice(list(WORDS)))
        rows.append((hour + timedelta(seconds=int(random.integers(0, 3600))), text, category))
    table = pd.DataFrame(rows, columns=["opened_at", "text", "category"])
    table["channel"] = random.choice(CHANNELS, count, p=[0.55, 0.25, 0.2])
    table["ward"] = pd.Series(random.integers(1, 13, count), dtype=object).where(
        random.random(count) > 0.1, None
    )
    return table


def _mistyped(text: str, random: np.random.Generator) -> str:
    for _ in range(int(random.integers(1, 4))):
        at = int(random.integers(1, max(2, len(text) - 1)))
        text = (
            text[:at] + text[at + 1 :] if random.random() < 0.5 else text[:at] + text[at : at + 1] + text[at:]
        )
    return text.upper() if random.random() < 0.1 else text


def moment(text: str) -> datetime:
    """A time as schedules say it, in UTC, at the full hour."""
    found = datetime.fromisoformat(text)
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return found.replace(minute=0, second=0, microsecond=0)
