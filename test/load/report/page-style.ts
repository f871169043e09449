/** The style of the page; its charts have their own. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5c6570; --rule: #d9dee4; --paper: #ffffff; --card: #f6f8fa; --pass: #0b6e4c; --fail: #b3261e; --link: #0057ad; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9ecef; --soft: #a3adb8; --rule: #333a42; --paper: #14181c; --card: #1b2026; --pass: #49cf9c; --fail: #ff8a80; --link: #63b0ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.7rem; }
h2 { margin: 0; font-size: 1.3rem; line-height: 1.3; }
a { color: var(--link); }
header p { margin: 0.3rem 0 1rem; color: var(--soft); }
.summary { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 0.25rem 1.5rem; }
.summary span:last-child { color: var(--soft); }
section { margin-top: 2.5rem; padding-top: 1.5rem; border-top: 1px solid var(--rule); }
.teaches { margin: 0.4rem 0 1rem; max-width: 75ch; }
.lesson { display: grid; gap: 1rem 2rem; align-items: start; }
figure { margin: 0 0 1rem; min-width: 0; }
figcaption, .note { color: var(--soft); font-size: 0.85rem; margin: 0.2rem 0; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; }
dl { margin: 0; }
dt { font-weight: 600; }
dd { margin: 0 0 0.7rem; }
.verdicts { list-style: none; margin: 0 0 0.7rem; padding: 0; }
.verdicts li { margin-bottom: 0.3rem; }
.verdict { font-size: 0.8rem; font-weight: 700; }
.pass { color: var(--pass); } .fail { color: var(--fail); } .none { color: var(--soft); }
.scroll { overflow-x: auto; }
details { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 0.5rem 0.8rem; }
summary { cursor: pointer; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; margin-top: 0.5rem; }
th, td { text-align: right; padding: 0.2rem 0.6rem; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
.size { display: none; }
@media (max-width: 559.9px) { .narrow { display: block; } }
@media (min-width: 560px) and (max-width: 1023.9px) { .middle { display: block; } .wide.of-wide-narrow { display: block; max-width: 720px; } }
@media (min-width: 1024px) { .wide { display: block; } .lesson { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); } }
`;
