"""The style of every page and plot: one palette for light, one for dark.

Text colours keep a contrast of 4.5:1 or more to their ground; marks of plots 3:1 or more.
"""

from __future__ import annotations

_LIGHT = (
    "--paper:#fff;--card:#f5f6f8;--ink:#1b2027;--soft:#56606d;--rule:#d9dee5;--grid:#e6e9ee;"
    "--mark:#2463b3;--fit:#c2410c;--band:#fbe3d3;--gap:#7d8794;--gapfill:#eceef1;"
    "--good:#14693a;--goodfill:#dcf3e4;--warn:#7c4a03;--warnfill:#fdeecb;--bad:#a8201a;--badfill:#fce1de;"
    "--link:#1f58a5;--bandlink:#2463b326"
)
_DARK = (
    "--paper:#14171c;--card:#1d2229;--ink:#e7eaef;--soft:#a5afbc;--rule:#363e49;--grid:#282e37;"
    "--mark:#7fb2f5;--fit:#ff9a57;--band:#46301f;--gap:#8a95a3;--gapfill:#242a32;"
    "--good:#6fd698;--goodfill:#17382a;--warn:#f0bd4f;--warnfill:#3d3014;--bad:#ff938a;--badfill:#48201d;"
    "--link:#8dbcff;--bandlink:#7fb2f533"
)

#: Colours of both schemes.
PALETTE = (
    f":root{{color-scheme:light dark;{_LIGHT}}}@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}"
    f"@media print{{:root{{{_LIGHT}}}}}"
)

#: What the plots need; also for an SVG file of its own.
PLOT_STYLE = """
svg.plot{display:block;width:100%;padding:0 .9rem 0 3.5rem;overflow:visible;
  font:12px/1.3 system-ui,sans-serif;color:var(--ink)}
.plot text{fill:var(--soft);font-variant-numeric:tabular-nums}
.plot .head{fill:var(--ink);font-weight:600;font-size:13px}
.plot .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.plot .grid{stroke:var(--grid);stroke-width:1;vector-effect:non-scaling-stroke}
.plot .zero{stroke:var(--gap);stroke-width:1;vector-effect:non-scaling-stroke}
.plot .axis{stroke:var(--rule);stroke-width:1;vector-effect:non-scaling-stroke}
.plot .dots{fill:none;stroke:var(--mark);stroke-width:4;stroke-linecap:round;
  vector-effect:non-scaling-stroke;opacity:.75}
.plot .fit{fill:none;stroke:var(--fit);stroke-width:2;vector-effect:non-scaling-stroke}
.plot .median{fill:none;stroke:var(--fit);stroke-width:1.5;stroke-dasharray:5 4;
  vector-effect:non-scaling-stroke}
.plot .band{fill:var(--band)}
.plot .gap{fill:var(--gapfill)}
.plot .hatch{stroke:var(--gap);stroke-width:2}
.plot .edge{stroke:var(--gap);stroke-width:1;stroke-dasharray:2 3;vector-effect:non-scaling-stroke}
.plot .out{fill:var(--fit);font-size:11px}
.plot .bar{fill:var(--mark)}
.plot .track{fill:var(--card);stroke:var(--rule)}
.plot .missing{stroke:var(--rule)}
.plot .piece{fill:var(--mark)}
.plot .join{fill:var(--bandlink);stroke:var(--mark);stroke-width:1;vector-effect:non-scaling-stroke}
.plot .join.doubt{stroke-dasharray:3 3}
.plot .added{fill:var(--band);stroke:var(--fit);stroke-width:1.5}
.plot .high{fill:var(--mark)}
.plot .mid{fill:var(--warn)}
.plot .low{fill:var(--bad)}
.plot .hit{fill:transparent}
.plot .hit:hover{fill:var(--bandlink)}
.plot .none{font-size:14px}
.plot .placed{fill:var(--fit)}
.plot .curve{fill:none;stroke-width:2.5;vector-effect:non-scaling-stroke}
.plot .curve.c0{stroke:var(--mark)}.plot .curve.c1{stroke:var(--fit)}.plot .curve.c2{stroke:var(--good)}
.plot .curve.c3{stroke:var(--bad)}.plot .curve.c4{stroke:var(--warn)}.plot .curve.c5{stroke:var(--soft)}
.plot .name.c0{fill:var(--mark)}.plot .name.c1{fill:var(--fit)}.plot .name.c2{fill:var(--good)}
.plot .name.c3{fill:var(--bad)}.plot .name.c4{fill:var(--warn)}.plot .name.c5{fill:var(--soft)}
@media (max-width:640px){.plot .wide{display:none}}
"""

#: The whole style sheet of a page.
STYLE = (
    PALETTE
    + """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
  font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:70rem;margin:0 auto;padding:1.5rem clamp(.9rem,3vw,2rem) 4rem}
h1{font-size:clamp(1.5rem,4.5vw,2.1rem);line-height:1.2;margin:.2rem 0 .5rem;text-wrap:balance}
h2{font-size:1.2rem;margin:0 0 .3rem}
h3{font-size:1rem;margin:0 0 .3rem}
section{margin:2.4rem 0 0}
p{margin:.4rem 0;max-width:72ch}
.note,figcaption,.sub{color:var(--soft)}
.sub{overflow-wrap:anywhere}
a{color:var(--link)}
code{font:.9em ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.badge{display:inline-block;padding:.08rem .55rem;border-radius:.8rem;font-size:.85rem;font-weight:600;
  background:var(--card);color:var(--ink);border:1px solid currentColor}
.badge.good{background:var(--goodfill);color:var(--good)}
.badge.warn{background:var(--warnfill);color:var(--warn)}
.badge.bad{background:var(--badfill);color:var(--bad)}
.verdict{border-left:.45rem solid var(--gap);background:var(--card);padding:1rem 1.2rem;
  border-radius:.3rem}
.verdict.good{border-color:var(--good)}.verdict.warn{border-color:var(--warn)}
  .verdict.bad{border-color:var(--bad)}
.badge{margin-right:.35rem}
dl.tiles,.tiles dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.1rem,1fr));gap:.7rem;
  margin:1rem 0 0}
.tiles dl>div{background:var(--card);border-radius:.4rem;padding:.6rem .8rem}
.tiles dt{color:var(--soft);font-size:.85rem}
.tiles dd{margin:0;font-size:1.15rem;font-weight:600;font-variant-numeric:tabular-nums;line-height:1.3}
.tiles small{display:block;margin-top:.1rem;font-size:.8rem;font-weight:400;color:var(--soft)}
.under{display:block;color:var(--soft);font-size:.82rem;line-height:1.35;min-width:7.5rem}
td .badge{white-space:nowrap}
.why{min-width:15rem}.file{min-width:14rem;overflow-wrap:anywhere}
td code{overflow-wrap:normal}
svg.share{display:block;width:100%;min-width:7rem;height:.8rem;border-radius:.4rem;margin-top:.3rem}
.share .rail{fill:var(--rule)}.share .done{fill:var(--mark)}
figure{margin:.8rem 0 1.2rem}
figcaption{font-size:.9rem;margin-top:.35rem;max-width:80ch}
.scroll{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);font-size:.88rem;padding:.2rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;
  border-bottom:1px solid var(--rule)}
th{color:var(--soft);font-weight:600}
.n{text-align:right}td.n{white-space:nowrap}
td:last-child,th:last-child{padding-right:.3rem}
.dense table{font-size:.8rem}.dense th,.dense td{padding-right:.4rem}
@media (max-width:640px){
  .wide thead{display:none}.wide table,.wide tbody,.wide caption,.wide tr,.wide td{display:block}
  .wide tr{border-bottom:2px solid var(--rule);padding:.4rem 0}
  .wide td{border:0;padding:.1rem 0;text-align:left;overflow-wrap:anywhere}
  .wide td:first-child{font-weight:600}
  .wide td[data-head]::before{content:attr(data-head) ": ";color:var(--soft)}
  .wide td[data-head]:has(>div,>svg)::before{display:block}
  .wide .why,.wide .file,.wide .under{min-width:0}.wide td:empty{display:none}
}
details{margin:.5rem 0;border:1px solid var(--rule);border-radius:.4rem;padding:.5rem .8rem}
summary{cursor:pointer;font-weight:600}
ul,ol{padding-left:1.3rem;margin:.4rem 0}li{margin:.25rem 0}
:focus-visible{outline:3px solid var(--mark);outline-offset:2px}
blockquote{margin:.15rem 0;padding:0;font-style:italic}
.plot-key{display:inline-block;width:1.1rem;height:.7rem;border-radius:.15rem;margin-right:.3rem;
  background:var(--mark)}
.clips{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem;
  margin-top:.8rem}
.turns div.turn{cursor:auto}
.clip{background:var(--card);border-radius:.5rem;padding:.9rem;min-width:0}
.clip video{width:100%;aspect-ratio:16/9;background:#000;border-radius:.3rem;display:block}
.clip audio{width:100%;margin:.4rem 0 0;display:block}
.turns{list-style:none;padding:0;margin:.6rem 0 0}
.turns li{margin:0}
.turns button,.turns .turn{display:grid;grid-template-columns:3.4rem 1fr;gap:.1rem .6rem;width:100%;
  text-align:left;
  font:inherit;color:inherit;background:none;border:0;border-left:3px solid transparent;
  border-radius:.2rem;padding:.3rem .4rem;cursor:pointer}
.turns button:hover{background:var(--bandlink)}
.turns .now{background:var(--bandlink);border-left-color:var(--fit)}
.turns time{color:var(--soft);font-variant-numeric:tabular-nums;font-size:.88rem;padding-top:.1rem}
.turns b{display:block;font-size:.85rem;color:var(--soft)}
@media print{body{font-size:11pt}section,figure,.clip{break-inside:avoid}}
"""
    + PLOT_STYLE
)
