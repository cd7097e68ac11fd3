"""Paint the page's thumbnails of the shipped styles: `python docs/make_thumbnails.py [NAME...]`."""

import sys

from realtime.catalog import list_styles
from realtime.page.thumbnails import SHIPPED, paint_thumbnail


def main() -> None:
    """Write realtime/page/thumbnails/NAME.jpg for each shipped style, or for those that are named."""
    for style in list_styles():
        if style.shipped and (not sys.argv[1:] or style.name in sys.argv[1:]):
            jpeg = paint_thumbnail(style)
            (SHIPPED / f"{style.name}.jpg").write_bytes(jpeg)
            print(f"{style.name}: {len(jpeg) / 1000:.0f} KB")


if __name__ == "__main__":
    main()
