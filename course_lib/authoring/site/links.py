"""Every link of the built site is followed, without a request: to a file, and to a place in it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src"}  # what a page asks for by itself
NOT_LOADED = {"canonical", "alternate", "next", "prev", "search", "index", "license"}  # kinds of <link> that ask for nothing


class Page(HTMLParser):
    """What a page has: places to be linked to, links, and files that it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the ids, links and loaded files of one element."""
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADED and given.get(LOADED[tag]) and not set(given.get("rel", "").split()) & NOT_LOADED:
            self.loads.append(given[LOADED[tag]])


def broken(site: Path) -> list[str]:
    """Return one sentence for each link or loaded file that is not there, and each file that comes from elsewhere."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site)
        found += [f"{name} loads {address} from elsewhere." for address in page.loads if _outside(address)]
        for address in [*page.links, *page.loads]:
            parts = urlsplit(address)
            if _outside(address) or parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            if not target.is_file():
                found.append(f"{name} leads to {address}, which is not there.")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                found.append(f"{name} leads to {address}; that page has no such place.")
    return found


def _outside(address: str) -> bool:
    return urlsplit(address).netloc != ""
