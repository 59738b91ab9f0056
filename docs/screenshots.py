"""Pictures of every page, in light, in the dark and on a phone.

    python docs/screenshots.py FOLDER OUT

FOLDER: a project, such as the one that `make demo` leaves behind (promptkeeper-demo). OUT: where the pictures go.
A server is started on a free port of loopback for the time it takes. Needs Chromium and the package playwright.
"""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from agent.entrypoints.web.pages.sign_in import make_link
from agent.entrypoints.web.server import new_secret
from agent.settings import load_settings
from library.store.stores import open_library

LOOKS = {
    "light": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 375, "height": 720}, "color_scheme": "light"},
}


def pages(root: Path) -> tuple[dict[str, str], str]:
    """The paths worth a picture in this project, by name, and a sign-in link."""
    library = open_library(load_settings(root).library_url)
    try:
        paths = {"overview": "/", "incidents": "/incidents?all=true", "proposals": "/proposals", "runs": "/runs"}
        paths |= {"ask": "/chat", "schedule": "/schedule"}
        for prompt in library.prompts.list()[:1]:
            paths["prompt"] = f"/prompts/{prompt.name}"
        for name, found in (
            ("incident", library.incidents.list()),
            ("proposal", library.proposals.list()),
            ("run", library.runs.list()),
        ):
            if found:
                paths[name] = f"/{name}s/{found[0].id}"
        return paths, make_link(library, new_secret(), datetime.now(UTC))
    finally:
        library.db.close()


def take(browser: Browser, address: str, link: str, paths: dict[str, str], out: Path) -> None:
    """Sign in once, then every page in every look."""
    first = browser.new_context()
    page = first.new_page()
    page.goto(address + link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")
    state = first.storage_state()
    for look, options in LOOKS.items():
        context = browser.new_context(**options, storage_state=state)
        page = context.new_page()
        for name, path in paths.items():
            page.goto(address + path)
            if name == "ask":
                page.get_by_label("Your question").fill("Why did it degrade?")
                page.keyboard.press("Enter")
                page.locator(".said:not([aria-busy]) p").first.wait_for()
            page.screenshot(path=out / f"{name}-{look}.png", full_page=True)
        context.close()


def main() -> int:
    """Take the pictures."""
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    root, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    paths, link = pages(root)
    command = [sys.executable, "-P", "-m", "agent.entrypoints.cli.main", "serve"]
    server = subprocess.Popen(
        [*command, "--port", "0", "--no-schedule", "--json"], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        address = json.loads(server.stdout.readline())["listening"]
        with sync_playwright() as playwright:
            executable = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            take(browser, address, link, paths, out)
            browser.close()
    finally:
        server.terminate()
        server.wait()
    print(f"{len(paths) * len(LOOKS)} pictures in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
