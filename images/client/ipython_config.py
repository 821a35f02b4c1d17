"""Read by every Python kernel and `ipython` of the image: the magics of the platform, imported when they are used."""

c = get_config()  # noqa: F821 - whoever reads this file provides it
c.MagicsManager.lazy_magics = {"sql": "nightdesk", "nightdesk": "nightdesk"}
