"""What fetches code for the platform: one small program, sent into a container without rights, that stands on the standard
library and git alone.

It reads what is wanted, with a login where there is one, from the archive that it comes in, and leaves its answer in a folder:
`said.json`, and for a fetch `source` and `files.tar.gz`. `git` brings a file out of one commit of a repository, `home`
out of somebody's home, `telling` posts a document. Nothing of a repository is checked out: what is wanted goes from
git's objects into an archive, so that no filter, hook, attribute or link of it does anything.
"""
