// Opens every sample page in a real browser, in both colour schemes, narrow and
// wide, and looks for what a reader would stumble over: violations of
// accessibility rules (axe-core), anything on the console, any request, sideways
// scrolling, and places that a keyboard does not reach.
//
// usage: PAGES=folder CHROMIUM=program node --test page.test.mjs

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'

const require = createRequire(join(process.env.MODULES ?? process.cwd(), 'node_modules', '.'))
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const folder = resolve(process.env.PAGES)
const samples = readdirSync(folder).filter(name => name.endsWith('.html')).sort()
const widths = [320, 1280]
const schemes = ['light', 'dark']

// axe-core takes seconds a page: each language is looked at in two of the four
// ways to show a page, and both together in all of them.
const looks = { en: ['light 1280', 'dark 320'], fr: ['dark 1280', 'light 320'] }

// Root may not use Chromium's own sandbox; the pages are our own.
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync']

let browser
before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: flags })
})
after(() => browser?.close())

// open shows a page and remembers what it says and asks for.
async function open(name, colorScheme, width) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const said = []
  const address = pathToFileURL(join(folder, name)).href
  page.on('console', message => said.push(`console: ${message.text()}`))
  page.on('pageerror', error => said.push(`error: ${error.message}`))
  page.on('request', request => { if (request.url() !== address) said.push(`request: ${request.url()}`) })
  await page.goto(address)
  return { page, said, close: () => context.close() }
}

test('there are pages to look at', () => assert.ok(samples.length > 0, `no page in ${folder}`))

const tooWide = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

for (const name of samples) {
  test(name, async () => {
    const { page, said, close } = await open(name, 'light', 1280)
    try {
      await page.evaluate(axe)
      for (const colorScheme of schemes) {
        for (const width of widths) {
          const where = `${colorScheme}, ${width} px`
          await page.emulateMedia({ colorScheme })
          await page.setViewportSize({ width, height: 800 })
          await page.evaluate(() => document.querySelectorAll('details').forEach(d => { d.open = false }))
          assert.ok(await tooWide(page) <= 0, `${where}: the page is ${await tooWide(page)} px too wide`)
          await page.evaluate(() => document.querySelectorAll('details').forEach(d => { d.open = true }))
          assert.ok(await tooWide(page) <= 0, `${where}: the page is ${await tooWide(page)} px too wide once its tables are open`)
          if (!looks[name.split('.').at(-2)].includes(`${colorScheme} ${width}`)) continue
          const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
          const found = violations.flatMap(v => v.nodes.slice(0, 3).map(n => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary}`))
          assert.deepEqual(found, [], where)
          assert.ok(passes.some(p => p.id === 'color-contrast'), `${where}: axe looked at no colour`)
        }
      }
      assert.deepEqual(said, [])
    } finally {
      await close()
    }
  })
}

// focused is where the keyboard is, and whether one can see it.
function focused(page) {
  return page.evaluate(() => {
    const e = document.activeElement
    if (!e || e === document.body) return null
    const box = e.getBoundingClientRect()
    const style = getComputedStyle(e)
    return {
      tag: e.tagName, text: e.textContent.trim().slice(0, 40), href: e.getAttribute('href'),
      inside: box.width > 0 && box.left >= 0 && box.bottom > 0 && box.top < innerHeight,
      ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
    }
  })
}

for (const name of ['native.en.html', 'watch.fr.html', 'evaluate.en.html']) {
  test(`${name} by keyboard`, async () => {
    const { page, close } = await open(name, 'light', 1280)
    try {
      await page.keyboard.press('Tab')
      const first = await focused(page)
      assert.equal(first?.href, '#result', 'the first stop leads past the header')
      assert.ok(first.inside, 'the skip link is seen once it has the focus')
      await page.keyboard.press('Enter')
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'result', 'the skip link moves the focus')

      const stops = await page.evaluate(() => [...document.querySelectorAll('main a[href], main summary, main [tabindex="0"]')]
        .filter(e => e.checkVisibility()).length)
      const seen = []
      for (let i = 0; i < stops; i++) {
        await page.keyboard.press('Tab')
        const at = await focused(page)
        assert.ok(at, `the focus is lost after ${seen.length} of ${stops} stops`)
        assert.ok(at.inside && at.ring, `the focus cannot be seen at ${at.tag} "${at.text}"`)
        seen.push(at)
        if (at.tag === 'SUMMARY' && seen.filter(s => s.tag === 'SUMMARY').length === 1) {
          await page.keyboard.press('Enter')
          assert.ok(await page.evaluate(() => document.activeElement.parentElement.open), 'Enter opens a table')
          await page.keyboard.press('Enter')
          assert.ok(!await page.evaluate(() => document.activeElement.parentElement.open), 'Enter closes it again')
        }
      }
      assert.ok(seen.some(s => s.tag === 'SUMMARY'), 'the tables can be reached')
    } finally {
      await close()
    }
  })
}

test('on paper there is ink on white, and no table that was not opened', async () => {
  const { page, close } = await open('native.en.html', 'dark', 1280)
  try {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    const paper = await page.evaluate(() => ({
      background: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color,
      closed: getComputedStyle(document.querySelector('details:not([open])')).display,
    }))
    assert.deepEqual(paper, { background: 'rgb(255, 255, 255)', ink: 'rgb(0, 0, 0)', closed: 'none' })
  } finally {
    await close()
  }
})
