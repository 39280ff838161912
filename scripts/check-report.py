"""The part of scripts/check-report that drives the browser; see there."""

import base64
import json
import pathlib
import sys

import axe_playwright_python
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTHS = [400, 1400]
SCHEMES = ["light", "dark"]

# Boxes that stick out of the window, unless something around them scrolls; text of pictures that is drawn too small to
# be read, or over other text.
LAYOUT = """
const wrong = [];
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) {
  wrong.push(`the page is ${document.documentElement.scrollWidth} pixels wide in a window of ${width}`);
}
const scrolls = element => {
  for (let e = element.parentElement; e; e = e.parentElement) {
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX) || e.tagName === 'svg') return true;
  }
  return false;
};
for (const element of document.body.querySelectorAll('*')) {
  const box = element.getBoundingClientRect();
  if (box.width && (box.right > width + 1 || box.left < -1) && !scrolls(element) && element.tagName !== 'CAPTION') {
    wrong.push(`<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> reaches from ` +
      `${Math.round(box.left)} to ${Math.round(box.right)}`);
  }
}
for (const svg of document.querySelectorAll('svg.tvs-plot')) {
  const box = svg.getBoundingClientRect();
  if (!box.width) continue;
  const name = svg.querySelector('title')?.textContent ?? '';
  const scale = box.width / svg.viewBox.baseVal.width;
  const texts = [...svg.querySelectorAll('text')];
  const smallest = Math.min(...texts.map(t => parseFloat(t.getAttribute('font-size')))) * scale;
  if (smallest < 9) wrong.push(`${name}: text of ${smallest.toFixed(1)} pixels`);
  const boxes = texts.filter(t => t.textContent.trim()).map(t => [t.textContent, t.getBoundingClientRect()]);
  for (let i = 0; i < boxes.length; i++) {
    const [text, a] = boxes[i];
    if (a.right > box.right + 1 || a.left < box.left - 1) wrong.push(`${name}: "${text}" is cut off`);
    for (let j = i + 1; j < boxes.length; j++) {
      const [other, b] = boxes[j];
      // Boxes of text have room above and below the letters.
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1 && down > 4) wrong.push(`${name}: "${text}" and "${other}" overlap`);
    }
  }
}
return wrong;
"""


def browser():
    options = webdriver.ChromeOptions()
    for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.binary_location = "/usr/bin/chromium"
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def requests(driver, address):
    """What the page asked for beside itself."""
    found = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if url != address and not url.startswith(("data:", "about:")):
                found.append(url)
    return found


def check(driver, path, axe, keep):
    address = path.resolve().as_uri()
    problems = []
    driver.get_log("performance")
    driver.get_log("browser")
    for width in WIDTHS:
        for scheme in SCHEMES:
            where = f"{width} pixels, {scheme}"
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
            )
            driver.execute_cdp_cmd(
                "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            )
            driver.get(address)
            problems += [f"{where}: asks for {url}" for url in requests(driver, address)]
            problems += [f"{where}: {text}" for text in driver.execute_script(LAYOUT)]
            # Answers are read too.
            driver.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
            driver.execute_script(axe)
            result = driver.execute_async_script(
                "const done = arguments[arguments.length - 1];"
                "axe.run(document, {resultTypes: ['violations', 'passes']}).then("
                "r => done({violations: r.violations, passes: r.passes.length}), e => done({error: String(e)}))"
            )
            if "error" in result:
                problems.append(f"{where}: the audit failed: {result['error']}")
                continue
            for violation in result["violations"]:
                places = [f"{node['target'][0]} {node['any'][0]['message'] if node['any'] else ''}"
                          for node in violation["nodes"][:3]]
                problems.append(f"{where}: {violation['id']}: {violation['help']}: {'; '.join(places)}")
            print(f"  {where}: {result['passes']} rules passed, {len(result['violations'])} violated")
            if keep:
                driver.execute_script("for (const d of document.querySelectorAll('details')) d.open = false")
                shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {
                    "x": 0, "y": 0, "width": width, "scale": 1,
                    "height": driver.execute_script("return document.documentElement.scrollHeight")}})
                (keep / f"{path.stem}-{width}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
    for entry in driver.get_log("browser"):
        problems.append(f"console: {entry['level']}: {entry['message']}")
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    pdf = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "paperWidth": 8.27, "paperHeight": 11.69})
    if keep:
        (keep / f"{path.stem}.pdf").write_bytes(base64.b64decode(pdf["data"]))
    return problems


def main():
    arguments = sys.argv[1:]
    keep = None
    if arguments[:1] == ["--keep"]:
        keep = pathlib.Path(arguments[1])
        keep.mkdir(parents=True, exist_ok=True)
        arguments = arguments[2:]
    axe = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
    failed = False
    driver = browser()
    try:
        for argument in arguments:
            print(argument)
            problems = list(dict.fromkeys(check(driver, pathlib.Path(argument), axe, keep)))
            for problem in problems:
                print(f"  wrong: {problem}")
            failed = failed or bool(problems)
    finally:
        driver.quit()
    print("something is wrong" if failed else "all right")
    return 1 if failed else 0


sys.exit(main())
