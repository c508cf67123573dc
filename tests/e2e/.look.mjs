import { browse, person, signInAtDemo, prefers, PHONE, DESK } from "./house.mjs";
const url = "http://localhost:7977";
const browser = await browse();
const c = await person(browser, url);
const page = await signInAtDemo(c, "agent");
for (const [n, vp, lang, theme] of [["a", DESK, "id", "light"], ["b", PHONE, "en", "dark"]]) {
  await c.addCookies(prefers(url, lang, theme));
  await page.setViewportSize(vp);
  await page.goto("/meja?antrean=terbuka");
  await page.locator(".pane-list .case-link").first().evaluate((l) => { l.href = "/meja/TGP-222-222-222"; });
  await page.locator(".pane-list .case-link").first().click();
  await page.waitForTimeout(600);
  await page.screenshot({ path: `/tmp/m${n}.png` });
}
await browser.close();
