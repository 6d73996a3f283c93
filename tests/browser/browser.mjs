// Open the page that comes on standard input, and say as JSON what a browser sees of it:
//
//   node browser.mjs look                                  at two widths, by day and by night
//   node browser.mjs use                                   with the keyboard and with the mouse
//   node browser.mjs picture WIDTH HEIGHT light|dark       a PNG
import { readFileSync, writeFileSync } from 'node:fs';

import axe from 'axe-core';
import { chromium } from 'playwright-core';

const FILE = '/tmp/page.html';
const WIDTHS = { telephone: { width: 360, height: 740 }, screen: { width: 1280, height: 900 } };
const STOPS = 1000;
const [action, ...options] = process.argv.slice(2);
writeFileSync(FILE, readFileSync(0));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium-headless-shell',
  args: ['--no-sandbox'],
});

async function opened(settings) {
  const page = await browser.newPage(settings);
  page.complaints = [];
  page.on('console', (message) => page.complaints.push(message.text()));
  page.on('pageerror', (error) => page.complaints.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== `file://${FILE}`) page.complaints.push(`asks for ${request.url()}`);
  });
  await page.goto(`file://${FILE}`);
  return page;
}

// What axe-core finds wrong, whether the page scrolls sideways, and what the browser complains of.
async function look(settings) {
  const page = await opened(settings);
  const wider = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  for (const details of await page.$$('details')) {
    await details.evaluate((element) => (element.open = true));
  }
  const openWider = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(() => axe.run());
  const { complaints } = page;
  await page.close();
  return {
    complaints,
    wider: Math.max(wider, openWider),
    passes: passes.map(({ id }) => id),
    violations: violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`),
  };
}

// Where Tab leads to, and whether each stop can be seen: within the window, with a mark around it.
function stop() {
  const element = document.activeElement;
  if (element === document.body) return null;
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const ring = element.querySelector('.ring > rect');
  const seen = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
  return {
    name: element.getAttribute('aria-label') ?? element.textContent.trim().replace(/\s+/g, ' '),
    tag: element.tagName.toLowerCase(),
    seen: seen && (right - left) * (bottom - top) > 0,
    marked: getComputedStyle(ring ?? element)[ring ? 'stroke' : 'outlineStyle'] !== 'none',
  };
}

async function use(settings) {
  const page = await opened(settings);
  const stops = [];
  for (let count = 0; count < STOPS; count += 1) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate(stop);
    if (!found) break;
    stops.push(found);
  }
  // The largest layer, with the keyboard; the first folder of its map, with the mouse; and back up.
  const isSeen = (anchor) => page.locator(`[id="${anchor}"]`).isVisible();
  const anchors = [];
  const follow = async (link, act) => {
    const anchor = (await link.getAttribute('href')).slice(1);
    const before = await isSeen(anchor);
    await act(link);
    anchors.push([anchor, before, await isSeen(anchor)]);
    return page.locator(`[id="${anchor}"]`);
  };
  const layer = page.locator('.map:visible .whole').first();
  let target = await follow(layer, (link) => link.press('Enter'));
  while (await target.locator('> .map:visible a').count()) {
    target = await follow(target.locator('> .map:visible a').first(), (link) =>
      link.click({ position: { x: 6, y: 6 } }),
    );
  }
  const summary = page.locator('.layer > summary').last();
  await summary.press('Enter');
  const open = await page.locator('.layer').last().evaluate((element) => element.open);
  await page.close();
  return { stops, anchors, open };
}

async function picture(width, height, colorScheme) {
  const page = await opened({ viewport: { width: Number(width), height: Number(height) }, colorScheme });
  return (await page.screenshot()).toString('base64');
}

async function each(run) {
  const found = {};
  for (const [name, viewport] of Object.entries(WIDTHS)) {
    found[name] = await run(viewport);
  }
  return found;
}

const actions = {
  look: () =>
    each(async (viewport) => ({
      light: await look({ viewport, colorScheme: 'light' }),
      dark: await look({ viewport, colorScheme: 'dark' }),
    })),
  use: () => each((viewport) => use({ viewport })),
  picture: () => picture(...options),
};
process.stdout.write(JSON.stringify(await actions[action]()));
await browser.close();
