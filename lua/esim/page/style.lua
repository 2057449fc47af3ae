--- The page's one style sheet. The brand's colours are put over the first four lines by another, which has a nonce.

local style = {}

style.TEXT = [[
:root {
  --brand: #1a56b0; --on: #ffffff; --accent: #1a56b0; --accent-dark: #5a86c6; --edge: #1a56b0; --edge-dark: #376bba;
  --ground: #f4f5f7; --card: #ffffff; --text: #16181d; --muted: #545b66; --line: #d8dce2; --strong: #7b828e;
  color-scheme: light dark;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --accent: var(--accent-dark); --edge: var(--edge-dark);
    --ground: #101216; --card: #1a1d23; --text: #f1f3f5; --muted: #a9b1bd; --line: #343a44; --strong: #818997;
  }
}
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--ground); color: var(--text);
  font: 400 1.0625rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, h3, p, ol, ul, dl, dd { margin: 0; }
h1 { font-size: clamp(1.75rem, 1.4rem + 1.6vw, 2.375rem); line-height: 1.15; letter-spacing: -.02em; }
h2 { font-size: 1.3125rem; line-height: 1.25; letter-spacing: -.01em; }
h3 { font-size: 1.1875rem; line-height: 1.3; }
h1:focus { outline: none; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: .375rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.top { background: var(--brand); color: var(--on); }
.top, .foot { padding: 1rem max(1.25rem, calc(50vw - 31rem)); }
.top { display: flex; align-items: center; min-height: .75rem; }
.top.bare { padding-block: 0; }
.brand { font-size: 1.25rem; font-weight: 650; letter-spacing: -.01em; }
.logo {
  display: block; height: 3.25rem; max-width: 14rem; padding: .5rem .75rem; border-radius: .625rem;
  background: #fff;
}
.foot { margin-top: auto; color: var(--muted); font-size: .9375rem; }
.foot p { padding-block: .25rem; }
.foot a { display: inline-block; padding-block: .625rem; font-weight: 600; }

main { width: 100%; max-width: 64.5rem; margin: 0 auto; padding: 1.25rem; display: grid; gap: 1.25rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 1.25rem; padding: 1.5rem; }
.lead { color: var(--muted); margin-top: .625rem; }
.note { color: var(--muted); font-size: .9375rem; margin-top: .75rem; }

.hero { display: grid; gap: 1.75rem; }
.scan { display: grid; gap: 1rem; justify-items: center; text-align: center; }
.scan p { color: var(--muted); font-size: .9375rem; max-width: 24rem; }
.qr {
  width: 100%; max-width: 20rem; padding: .25rem; background: #fff; border: 1px solid var(--line);
  border-radius: 1rem;
}
.qr svg { display: block; width: 100%; height: auto; }
.direct h2 { margin-bottom: 1rem; }
.buttons { list-style: none; padding: 0; display: grid; gap: .75rem; }
.button {
  display: flex; flex-direction: column; justify-content: center; min-height: 3.75rem; padding: .625rem 1.25rem;
  border: 2px solid var(--edge); border-radius: .875rem; background: var(--brand); color: var(--on);
  font-weight: 650; line-height: 1.3; text-align: center; text-decoration: none;
}
.button small { font-size: .875rem; font-weight: 400; }
.button:hover { text-decoration: underline; }
main[data-on] .other .button, .button.plain {
  background: transparent; border-color: var(--accent); color: var(--accent);
}

.systems { display: grid; gap: 1.25rem; }
.systems h2 { padding-inline: .25rem; }
.steps { margin-top: 1rem; padding: 0; list-style: none; counter-reset: step; display: grid; gap: .75rem; }
.steps li {
  counter-increment: step; display: grid; grid-template-columns: 1.75rem 1fr; gap: .75rem; align-items: start;
}
.steps li::before {
  content: counter(step); width: 1.75rem; height: 1.75rem; border: 1px solid var(--strong); border-radius: 50%;
  font-size: .9375rem; font-weight: 650; line-height: 1.625rem; text-align: center;
}
.manual { margin-top: 1.25rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
.fields { display: grid; gap: .75rem; margin-top: .75rem; }
.field { padding: .75rem 1rem; border-radius: .875rem; background: var(--ground); }
.field dt { color: var(--muted); font-size: .875rem; }
.field dd { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .25rem 1rem; }
.field .remark { margin-top: .375rem; color: var(--muted); font-size: .875rem; }
code {
  font: 500 1rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
  overflow-wrap: anywhere;
}
.field code { flex: 1 1 auto; min-width: 0; }
.copy {
  min-width: min(5.5rem, 100%); min-height: 2.75rem; padding: .5rem 1rem;
  border: 1px solid var(--strong); border-radius: .625rem; background: var(--card); color: var(--text);
  font: inherit; font-size: .9375rem; font-weight: 600; cursor: pointer;
}
.copy:hover { border-color: var(--text); }
.says {
  position: fixed; inset: auto 1rem 1rem; max-width: 30rem; margin: 0 auto; border-radius: .75rem;
  background: var(--text); color: var(--card); text-align: center;
}
.says:not(:empty) { padding: .75rem 1.25rem; }
.care { display: grid; gap: .5rem; }
.care li { list-style: none; padding-inline-start: 1rem; border-inline-start: 3px solid var(--accent); }
.care { padding: .25rem; color: var(--muted); font-size: .9375rem; }

main[data-state="ended"] :is(.lead, .stages) { display: none; }
.plainpage { display: grid; gap: 1.25rem; max-width: 40rem; }
.plainpage .button { max-width: 22rem; }
.stages { list-style: none; padding: 0; display: grid; gap: 0; margin-top: .5rem; }
.stages li { position: relative; padding: .5rem 0 .5rem 2.75rem; color: var(--muted); }
.stages li::before {
  content: ""; position: absolute; inset-inline-start: .25rem; top: .625rem; width: 1.25rem; height: 1.25rem;
  border: 2px solid var(--strong); border-radius: 50%; background: var(--card);
}
.stages li + li::after {
  content: ""; position: absolute; inset-inline-start: .8125rem; bottom: calc(100% - .625rem); height: .875rem;
  border-inline-start: 2px solid var(--line);
}
.stages .done, .stages [aria-current] { color: var(--text); }
.stages [aria-current] { font-weight: 650; }
.stages .done::before {
  content: "✓" / ""; border-color: var(--accent); background: var(--accent); color: var(--card);
  font-size: .8125rem; font-weight: 700; line-height: 1.0625rem; text-align: center;
}
.stages [aria-current]::before {
  border-color: var(--accent); border-inline-end-color: transparent; animation: turn 1s linear infinite;
}
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) {
  .stages [aria-current]::before { animation: none; border-inline-end-color: var(--accent); }
}

@media (max-width: 47.99em) {
  .hero .scan { order: 3; padding-top: 1.75rem; border-top: 1px solid var(--line); }
}
@media (min-width: 48em) {
  main { padding: 2rem 1.25rem; gap: 2rem; }
  .card { padding: 2rem; }
  .hero {
    grid-template-columns: minmax(18rem, 24rem) 1fr; grid-template-rows: auto 1fr; gap: 1.5rem 3rem;
    padding: 2.5rem;
  }
  .hero > * { grid-column: 2; }
  .hero .scan { grid-column: 1; grid-row: 1 / span 2; align-content: start; }
  .hero .button { background: transparent; border-color: var(--strong); color: var(--accent); }
  main[data-on] .hero .button { border-color: var(--accent); }
  main[data-on] .hero :not(.other) > .button {
    background: var(--brand); border-color: var(--edge); color: var(--on);
  }
  .qr { max-width: 22rem; }
  .systems { grid-template-columns: 1fr 1fr; }
  .systems h2 { grid-column: 1 / -1; }
  .plainpage { margin: 1rem auto 0; width: 100%; padding: 2.5rem; }
}

@media print {
  :root { --ground: #fff; --accent: #000; --text: #000; --muted: #333; --line: #bbb; color-scheme: light; }
  @page { margin: 12mm; }
  html { font-size: 9.5pt; }
  body { font-size: 1rem; line-height: 1.35; min-height: 0; }
  .top, .foot { padding: 0 0 4mm; }
  .top { background: none; color: #000; }
  .logo { padding: 0; height: 12mm; }
  .direct, .copy, .says, .button { display: none !important; }
  main { max-width: none; padding: 0; gap: 4mm 8mm; }
  main[data-state="install"] { grid-template: auto auto 1fr auto / 64mm 1fr; }
  .card { padding: 0; border: 0; border-radius: 0; break-inside: avoid; }
  .hero { display: contents; }
  .hero > div { grid-area: 1 / 2; }
  .hero .scan { order: 0; grid-area: 1 / 1 / 4 / 2; padding: 0; border: 0; }
  .care { grid-area: 2 / 2; padding: 0; }
  .systems { grid-area: 4 / 1 / 5 / 3; grid-template-columns: 1fr 1fr; gap: 3mm 8mm; }
  .systems h2 { grid-column: 1 / -1; padding: 0; }
  .qr { max-width: 60mm; padding: 0; border: 0; }
  .steps, .fields { gap: 1.5mm; margin-top: 2mm; }
  .manual { margin-top: 3mm; padding-top: 3mm; }
  .field { padding: 0; }
  .plainpage { margin: 0; }
  .foot { padding-top: 4mm; }
  .foot a::after { content: " " attr(href); font-weight: 400; }
}
]]

--- The grounds on which the brand's colour is read as text: the darker one of the light scheme, the lighter one of the
-- dark scheme.
style.GROUNDS = { light = "#f4f5f7", dark = "#1a1d23" }

--- SHA-256 of the text, in Base64, for the page's policy.
style.HASH = "sha256-1q1S+r7AWjZEv1krkekp8rxR1qCOPurtaJCR3wNsNOY="

return style
