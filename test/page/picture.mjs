// Takes a picture of a part of a page: from the top of one element to the bottom
// of another.
//
// usage: MODULES=folder CHROMIUM=program node picture.mjs PAGE PICTURE WIDTH FROM TO

import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(join(process.env.MODULES ?? process.cwd(), 'node_modules', '.'))
const { chromium } = require('playwright-core')
const [page, picture, width, from, to] = process.argv.slice(2)
const margin = 16

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: ['--no-sandbox', '--disable-gpu'] })
const tab = await browser.newPage({ viewport: { width: Number(width), height: 800 }, colorScheme: 'light' })
await tab.goto(pathToFileURL(resolve(page)).href)
const top = (await tab.locator(from).boundingBox()).y - margin
const last = await tab.locator(to).boundingBox()
await tab.screenshot({ path: picture, fullPage: true, clip: { x: 0, y: top, width: Number(width), height: last.y + last.height + margin - top } })
await browser.close()
