/** Style of the report: system fonts, light and dark by the reader's setting, plain on paper. */
export const STYLE_SHEET = `
:root {
  color-scheme: light dark;
  --paper: #fcfcfb; --card: #ffffff; --ink: #1b1d22; --soft: #5d6470; --line: #e2e4e8; --faint: #f1f2f4;
  --c1: #1f6fd0; --c2: #d1590b; --c3: #12855c; --c4: #9048b8; --c5: #b8336a; --c6: #7a6a12;
  --good: #12784f; --good-back: #e6f5ee; --bad: #a83a10; --bad-back: #fdeee6; --neutral-back: #eef3fb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1b1e24; --ink: #e7e9ee; --soft: #9aa3b2; --line: #31363f; --faint: #22262d;
    --c1: #6fb0ff; --c2: #ff9d57; --c3: #4fd1a1; --c4: #c993f0; --c5: #ff86b3; --c6: #dcc75a;
    --good: #5fd6a4; --good-back: #16332a; --bad: #ffa877; --bad-back: #3a2318; --neutral-back: #1c2838;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 28px; }
header { padding-top: 44px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 6px; text-wrap: balance; }
h2 { font-size: 21px; letter-spacing: -.01em; margin: 52px 0 12px; padding-top: 18px; border-top: 1px solid var(--line); }
h3 { font-size: 16px; margin: 28px 0 8px; }
h3 small, td small, th small { color: var(--soft); font-weight: 400; }
p { margin: 0 0 12px; max-width: 78ch; }
a { color: var(--c1); }
code { font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.lead { color: var(--soft); font-size: 16px; }
nav ul { display: flex; flex-wrap: wrap; gap: 6px 18px; list-style: none; padding: 0; margin: 18px 0 0; font-size: 14px; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 26px 0 0; padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; min-width: 0; }
.tiles span { display: block; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; unicode-bidi: isolate; }
.tiles b { display: block; font-size: 27px; font-weight: 650; letter-spacing: -.02em; font-variant-numeric: tabular-nums; line-height: 1.25; }
.tiles .ensemble { border-color: var(--c1); box-shadow: inset 0 0 0 1px var(--c1); }
.verdict { border-left: 4px solid var(--c1); background: var(--neutral-back); border-radius: 0 8px 8px 0; padding: 10px 16px; max-width: none; }
.verdict.good { border-color: var(--good); background: var(--good-back); }
.verdict.bad { border-color: var(--bad); background: var(--bad-back); }
.notes { background: var(--bad-back); border-radius: 8px; padding: 10px 16px 10px 34px; margin: 20px 0 0; }
.empty { color: var(--soft); font-style: italic; }
.scroll { overflow-x: auto; margin: 0 0 8px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; unicode-bidi: isolate; }
th:last-child, td:last-child { padding-right: 4px; }
thead th { color: var(--soft); font-weight: 500; font-size: 13px; vertical-align: bottom; }
tbody th { font-weight: 500; overflow-wrap: break-word; max-width: 320px; }
.number { text-align: right; white-space: nowrap; }
.number + :not(.number) { padding-left: 18px; }
td.number small { display: block; font-size: 12px; }
tr.ensemble th, tr.ensemble data { font-weight: 700; }
tr.aside, tr.aside th { color: var(--soft); font-weight: 400; }
tr.total > * { border-bottom: 0; font-weight: 600; }
.sets, .files { padding-left: 18px; margin: 12px 0 0; color: var(--soft); font-size: 14px; }
.sets b { color: var(--ink); font-weight: 600; }
.classes td.bar { background: linear-gradient(to right, color-mix(in srgb, var(--c1) 24%, transparent) var(--score), transparent var(--score)) no-repeat 8px 5px / calc(100% - 12px) calc(100% - 10px); padding-left: 14px; min-width: 92px; }
.settings th { width: 28%; } .settings td:nth-child(2) { width: 42%; } .settings td:last-child { color: var(--soft); }
details { margin: 0 0 10px; } summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
figure { margin: 0; } figcaption { font-size: 13px; color: var(--soft); }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; overflow: visible; }
.grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
.mark { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 4; opacity: .7; }
.tick { fill: var(--soft); font-size: 11px; } .name, .value { fill: var(--ink); font-size: 14px; }
.ensemble .name, .ensemble .value { font-weight: 700; }
.reference { stroke: var(--soft); stroke-dasharray: 5 4; }
.whisker { stroke: var(--c1); stroke-width: 4; stroke-linecap: round; opacity: .32; }
.dot { fill: var(--c1); } .ring { fill: none; stroke: var(--c2); stroke-width: 2; }
.scores { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px 12px; margin: 0 0 18px; overflow-x: auto; }
.scores > svg { min-width: 640px; }
.scores .key { display: inline-block; width: 28px; height: 16px; vertical-align: -3px; margin-right: 6px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 6px 0 0; padding: 0; font-size: 13px; color: var(--soft); }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; vertical-align: middle; margin-right: 6px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 14px; margin-bottom: 12px; }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; min-width: 0; }
.chart figcaption { color: var(--ink); font-weight: 600; margin-bottom: 6px; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; } .line.faint { stroke-width: 1.2; opacity: .38; }
.line circle { stroke: none; }
${[1, 2, 3, 4, 5, 6].map((c) => `.line.c${c} { stroke: var(--c${c}); } .line.c${c} circle { fill: var(--c${c}); } i.c${c} { background: var(--c${c}); }`).join('\n')}
.example { margin: 0 0 26px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; }
.input { min-width: 0; } .input img { width: 100%; height: 170px; object-fit: fill; display: block; border-radius: 6px; background: #04050f; }
.input svg { height: 170px; background: var(--faint); border-radius: 6px; } .wave { fill: var(--c1); stroke: var(--c1); stroke-width: .6; vector-effect: non-scaling-stroke; }
.input figcaption { margin-top: 4px; }
.example dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 10px 0 0; font-size: 14px; }
.example dt { color: var(--soft); } .example dd { margin: 0; }
.draws, .labels, .top { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 3px 6px; }
.draws { gap: 3px 16px; }
.labels li, .top li { background: var(--faint); border-radius: 5px; padding: 1px 8px; unicode-bidi: isolate; overflow-wrap: anywhere; }
.labels b, .top b { font-weight: 500; color: var(--soft); }
.top .hit { background: var(--good-back); color: var(--good); } .top .hit b { color: inherit; }
.clips th[scope=row] { width: 24%; } .clips td:nth-child(2) { width: 28%; }
audio { display: block; width: 100%; max-width: 240px; height: 30px; margin-top: 4px; }
footer { color: var(--soft); font-size: 13px; padding-top: 40px; padding-bottom: 48px; }
@media (max-width: 640px) { header, main, footer { padding-left: 16px; padding-right: 16px; } .pair { gap: 8px; } h1 { font-size: 25px; } }
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --faint: #f2f2f2; --c1: #1f6fd0; --c2: #d1590b; --c3: #12855c; --c4: #9048b8; --c5: #b8336a; --c6: #7a6a12; --good: #12784f; --good-back: #eef7f2; --bad: #a83a10; --bad-back: #fdf3ee; --neutral-back: #f3f6fb; }
  body { font-size: 10.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  header, main, footer { max-width: none; padding-left: 0; padding-right: 0; }
  nav, audio { display: none; }
  h2, h3 { break-after: avoid; } tr, figure, .example, .tiles { break-inside: avoid; } thead { display: table-header-group; }
  .scroll { overflow: visible; } .charts { grid-template-columns: repeat(3, 1fr); } .input img, .input svg { height: 110px; }
}
`
