// A headless Chromium, which answers questions over HTTP on loopback: `node browser.js OWNER`. It prints its port.
// POST /QUESTION with its arguments as a JSON list is answered with { value }, or { error }. It ends on SIGTERM and
// with the process OWNER, and Chromium with it.
'use strict'

const fs = require('fs')
const http = require('http')
const path = require('path')
const cable = require('./cable.js')

const modules = path.resolve(__dirname, '../../build/browser/node_modules')
const { chromium } = require(path.join(modules, 'playwright-core'))
const axe = fs.readFileSync(path.join(modules, 'axe-core/axe.min.js'), 'utf8')

const PATIENCE = 30000  // milliseconds that one thing may take
const LULL = 50         // between two looks whether it has come
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
// The program itself: the launcher adds extensions of the system's.
const PROGRAM = ['/usr/lib/chromium/chromium', '/usr/bin/chromium'].find(file => fs.existsSync(file))
const FLAGS = ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--disable-gpu']

const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/18.5 Mobile/15E148 Safari/604.1'
const android = 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  'Chrome/138.0.0.0 Mobile Safari/537.36'
const tablet = 'Mozilla/5.0 (Linux; Android 15; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  'Chrome/138.0.0.0 Safari/537.36'

const DEVICES = {
  iphone: { viewport: { width: 390, height: 844 }, userAgent: iphone, isMobile: true, hasTouch: true },
  android: { viewport: { width: 390, height: 844 }, userAgent: android, isMobile: true, hasTouch: true },
  tablet: { viewport: { width: 820, height: 1180 }, userAgent: tablet, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 900 } },
}

let browser
const pages = []  // { page, context, requests, complaints, navigations }

// Chromium's sandbox is not to be had as root, nor where the kernel or a container keeps it from others.
async function launch() {
  const options = {
    executablePath: PROGRAM, args: FLAGS, timeout: PATIENCE,
    handleSIGTERM: false, handleSIGINT: false, handleSIGHUP: false,
  }
  if (process.getuid() !== 0) {
    try {
      return await chromium.launch({ ...options, chromiumSandbox: true })
    } catch (reason) {
      if (!/sandbox/i.test(String(reason))) throw reason
    }
  }
  return chromium.launch({ ...options, chromiumSandbox: false })
}

// What the page did that somebody should hear of.
function watch(seen) {
  const complain = text => seen.complaints.push(text)
  seen.context.on('request', request => {
    if (!/^(data|about):/.test(request.url())) seen.requests.push(request.url())
  })
  seen.context.on('page', () => complain('a window was opened'))
  seen.page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) complain(`${message.type()}: ${message.text()}`)
  })
  seen.page.on('pageerror', error => complain(`raised: ${error}`))
  seen.page.on('dialog', dialog => {
    complain(`dialog: ${dialog.message()}`)
    dialog.dismiss()
  })
  seen.page.on('framenavigated', frame => {
    if (frame === seen.page.mainFrame()) seen.navigations++
  })
}

// What an expression, or the promise that it is, comes to, in the next page where this one ends meanwhile.
async function evaluate(page, expression) {
  for (;;) {
    try {
      return await page.evaluate(expression)
    } catch (reason) {
      if (!/because of a navigation/.test(String(reason))) throw reason
      await page.waitForLoadState()
    }
  }
}

const questions = {
  // { url, device, viewport, dark, locale, script, clipboard, scale, before } -> the page's number, once it is loaded
  async open(options) {
    const device = DEVICES[options.device || 'desktop']
    const context = await browser.newContext({
      ...device, viewport: options.viewport || device.viewport, colorScheme: options.dark ? 'dark' : 'light',
      locale: options.locale || 'en-GB', javaScriptEnabled: options.script !== false,
      deviceScaleFactor: options.scale || 1,
      permissions: options.clipboard ? ['clipboard-read', 'clipboard-write'] : [],
    })
    context.setDefaultTimeout(PATIENCE)
    if (options.before) await context.addInitScript(options.before)
    const page = await context.newPage()
    const seen = { page, context, requests: [], complaints: [], navigations: 0 }
    watch(seen)
    await page.goto(options.url)
    return pages.push(seen) - 1
  },

  close: number => pages[number].context.close(),

  evaluate: (number, expression) => evaluate(pages[number].page, expression),

  // Until that is true -> whether it ever was
  async await(number, expression) {
    for (const end = Date.now() + PATIENCE; Date.now() < end;) {
      if (await evaluate(pages[number].page, expression)) return true
      await new Promise(resolve => setTimeout(resolve, LULL))
    }
    return false
  },

  // { colorScheme, forcedColors, reducedMotion, media }, as playwright says
  media: (number, options) => pages[number].page.emulateMedia(options),

  click: (number, selector) => pages[number].page.click(selector),

  reload: async number => { await pages[number].page.reload() },

  // A picture of the whole page, or as playwright's options say
  screenshot: async (number, file, options) => {
    await pages[number].page.screenshot({ path: file, fullPage: true, animations: 'disabled', ...options })
  },

  // How many sheets of paper it takes
  async sheets(number, format) {
    const pdf = await pages[number].page.pdf({ format, printBackground: false })
    return pdf.toString('latin1').match(/\/Type\s*\/Page\b/g).length
  },

  // What axe has to say against it: a text for each
  async violations(number) {
    const page = pages[number].page
    await page.evaluate(axe)
    const found = await page.evaluate(rules => axe.run(document, { runOnly: rules }), RULES)
    return found.violations.flatMap(rule => rule.nodes.map(node =>
      `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`))
  },

  // { requests: URLs, complaints: texts, navigations: how often the page was loaded }
  seen(number) {
    const { requests, complaints, navigations } = pages[number]
    return { requests, complaints, navigations }
  },

  // A way to a port of this machine that can be cut or hushed -> its own port
  cable: cable.lay,
  cut: cable.cut,
  hush: cable.hush,
  mend: cable.mend,
}

async function answer(name, text) {
  try {
    return { value: await questions[name](...JSON.parse(text)) }
  } catch (reason) {
    return { error: String(reason) }
  }
}

const server = http.createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8')
  request.on('data', part => { text += part })
  request.on('end', async () => {
    const body = JSON.stringify(await answer(request.url.slice(1), text))
    response.writeHead(200, { 'Content-Type': 'application/json', Connection: 'close' })
    response.end(body)
  })
})

async function stop() {
  if (browser) await browser.close()
  process.exit(0)
}

function alive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (reason) {
    return reason.code === 'EPERM'
  }
}

async function main(owner) {
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop)
  setInterval(() => alive(owner) || stop(), 200)
  browser = await launch()
  server.listen(0, '127.0.0.1', () => console.log('port', server.address().port))
}

main(Number(process.argv[2])).catch(reason => {
  console.error(String(reason))
  process.exit(1)
})
