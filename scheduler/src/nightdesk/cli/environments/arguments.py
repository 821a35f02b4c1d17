"""The arguments of the commands of `nightdesk env`."""

from __future__ import annotations

from nightdesk.cli.arguments import positive

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

_CHANNELS = ("stable", "next")


def list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--all", action="store_true", dest="everything", help="deprecated and removed versions as well"
    )


def label_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("label", metavar="NAME:VERSION", help="the version (`nightdesk env list --all`)")


def name_or_label_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "label",
        metavar="NAME[:VERSION]",
        help="an environment, for its versions and its history; or one version, for what is in it, where it "
        "comes from, and who and what uses it",
    )


def remove_arguments(parser: argparse.ArgumentParser) -> None:
    label_argument(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask first")


def channel_arguments(parser: argparse.ArgumentParser) -> None:
    label_argument(parser)
    _channel_option(parser)


def rollback_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the environment")
    _channel_option(parser)


def _channel_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--channel",
        metavar="CHANNEL",
        choices=_CHANNELS,
        default="stable",
        help="stable (the default) or next",
    )


def compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="BEFORE", help="the one version, as NAME:VERSION")
    parser.add_argument("after", metavar="AFTER", help="the other, as NAME:VERSION")


def gc_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do it, without asking")


def groups_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the environment")
    parser.add_argument(
        "groups", metavar="GROUP", nargs="*", help="the groups that it is for from now on, and nobody else"
    )
    parser.add_argument("--everybody", action="store_true", help="it is for everybody from now on")


def limit_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit",
        metavar="N",
        type=positive,
        default=20,
        help="at most so many, the newest first (default: 20)",
    )


def build_id_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("build_id", metavar="BUILD", help="the build's id (`nightdesk env builds`)")


def log_arguments(parser: argparse.ArgumentParser) -> None:
    build_id_argument(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the build ends")


def build_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        metavar="PATH",
        nargs="?",
        help="a requirements file, conda's environment.yaml, or a folder: one with a Dockerfile and an "
        "environment.yaml of ours, or one with requirements alone; - reads a list of packages from "
        "standard input",
    )
    parser.add_argument(
        "--with",
        metavar="PACKAGE",
        dest="package",
        help="put a package of your own on top: a folder with a pyproject.toml, whose tests have to pass, or a "
        "wheel; without PATH and --like the packages are those that it asks for",
    )
    parser.add_argument(
        "--like",
        metavar="NAME:VERSION",
        help="with --with: on the locked packages of this version, as they are",
    )
    parser.add_argument("--git", metavar="URL", help="from a git repository, instead of PATH")
    parser.add_argument("--ref", metavar="REF", help="with --git: the branch, tag or commit")
    parser.add_argument(
        "--folder",
        metavar="FOLDER",
        help="with --git: the folder in the repository; alone: NAME/VERSION of the platform's own images/",
    )
    parser.add_argument(
        "--image", metavar="IMAGE", help="register an image that exists, as `docker pull` names it"
    )
    parser.add_argument(
        "--again",
        metavar="NAME:VERSION",
        help="build a version again, from what it was made of and its recorded lock; it is called "
        "NAME:VERSION-again.1 and is deprecated from the start: for exact repetitions of runs",
    )
    parser.add_argument(
        "--name", metavar="NAME", help="the environment, one there is or a new one (default: what PATH says)"
    )
    parser.add_argument(
        "--version", metavar="VERSION", help="(default: what PATH says, or the next free one of this month)"
    )
    parser.add_argument("--title", metavar="TEXT", help="what it is for, in a few words")
    parser.add_argument("--description", metavar="TEXT", help="the same at length")
    parser.add_argument(
        "--channel", metavar="CHANNEL", choices=_CHANNELS, help="promote it to stable or next once it passed"
    )
    watching = parser.add_mutually_exclusive_group()
    watching.add_argument(
        "--watch", action="store_true", default=True, help="follow the build to its end (the default)"
    )
    watching.add_argument(
        "--no-watch", action="store_false", dest="watch", help="only ask for it, and print its id"
    )
