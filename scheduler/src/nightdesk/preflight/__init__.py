"""The program that tries an image before it gets a name: can people have sessions and runs in it?

``pack`` puts it into a zip together with the runner and what is known of the image; the zip is sent into a
container of the image, on standard input, and ``python3`` runs it there. So it imports the standard library
alone and keeps to Python 3.9, like the runner. What it prints: a JSON object a line for each check
(``check``, ``ok``, ``words``, ``seconds``), at the end one with ``report``. Exit code 0 where all is well, else 1.
"""
