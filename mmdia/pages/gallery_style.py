"""Style and script of the gallery."""

from __future__ import annotations

STYLE = """
main{max-width:84rem}
.controls{position:sticky;top:0;z-index:2;display:flex;flex-wrap:wrap;gap:.5rem .8rem;align-items:end;
  background:var(--paper);padding:.6rem 0;border-bottom:1px solid var(--rule);margin-top:1rem}
.controls[hidden]{display:none}
.controls label{display:flex;flex-direction:column;font-size:.82rem;color:var(--soft);min-width:0}
.controls label:first-child{flex:1 1 14rem}
.controls input,.controls select{font:inherit;font-size:.95rem;color:var(--ink);background:var(--card);
  border:1px solid var(--rule);border-radius:.3rem;padding:.35rem .5rem;max-width:100%}
.controls output{margin-left:auto;color:var(--soft);font-variant-numeric:tabular-nums;padding:.35rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem;
  align-items:start;margin-top:1rem}
.cards .clip{overflow-wrap:anywhere}
.cards .clip[hidden]{display:none}
.clip h3{line-height:1.3}
.clip .sub{font-size:.85rem;margin:.1rem 0 .4rem}
.triplet span.part{display:block;margin:.15rem 0}
.raw{color:var(--soft);font-size:.88rem}
.tag{font-size:.8rem;color:var(--soft);border:1px solid var(--rule);border-radius:.25rem;padding:0 .35rem;
  margin-right:.25rem}
.scores{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.88rem;color:var(--soft)}
.scores meter{width:5.5rem;height:.8rem;vertical-align:baseline}
.turns .turn span,.turns button span{min-width:0}
.turns small{display:block;color:var(--soft);font-size:.84rem;font-style:italic}
.sounds{color:var(--fit)}
.rest{border:0;padding:0;margin:.1rem 0}
.rest summary,.clip details summary{font-size:.9rem}
.clip dl{margin:.4rem 0 0;font-size:.92rem}.clip dt{font-weight:600;margin-top:.4rem}
.clip dd{margin:0;color:var(--soft)}
header dl>div{display:flex;gap:.6rem}header dt{color:var(--soft);min-width:9rem}header dd{margin:0}
#nothing{display:none}
#nothing.on{display:block}
@media (max-width:640px){.controls{position:static}.controls output{margin-left:0}}
@media print{.controls{display:none}}
"""

#: Search, filters and order; without it the page shows every card, in the order found.
CONTROLS = """
(function () {
  'use strict';
  var box = document.getElementById('cards');
  var bar = document.getElementById('controls');
  var cards = Array.prototype.slice.call(box.children);
  var search = document.getElementById('search');
  var relationship = document.getElementById('relationship');
  var interaction = document.getElementById('interaction');
  var order = document.getElementById('order');
  var count = document.getElementById('count');
  var nothing = document.getElementById('nothing');
  function plain(text) {
    return text.toLowerCase().replace(/[\\u2018\\u2019]/g, "'").replace(/\\s+/g, ' ');
  }
  var texts = cards.map(function (card) { return plain(card.textContent); });
  function fits(card, k, wanted) {
    if (relationship.value && card.dataset.relationship !== relationship.value) { return false; }
    if (interaction.value && card.dataset.interaction !== interaction.value) { return false; }
    return wanted.every(function (word) { return texts[k].indexOf(word) >= 0; });
  }
  function show() {
    var wanted = plain(search.value).split(' ').filter(Boolean);
    var n = 0;
    cards.forEach(function (card, k) {
      var on = fits(card, k, wanted);
      card.hidden = !on;
      n += on ? 1 : 0;
    });
    count.textContent = n === cards.length ? n + (n === 1 ? ' dialogue' : ' dialogues')
      : n + ' of ' + cards.length + ' dialogues';
    nothing.classList.toggle('on', n === 0);
  }
  function sort() {
    var down = order.value.charAt(0) === '-';
    var key = order.value.replace('-', '');
    var sorted = cards.slice().sort(function (a, b) {
      var x = a.dataset[key], y = b.dataset[key];
      if (key === 'id') { return x < y ? -1 : x > y ? 1 : 0; }
      if (x === '' || y === '') { return x === y ? a.dataset.place - b.dataset.place : x === '' ? 1 : -1; }
      return (down ? y - x : x - y) || a.dataset.place - b.dataset.place;
    });
    sorted.forEach(function (card) { box.appendChild(card); });
  }
  search.addEventListener('input', show);
  relationship.addEventListener('change', show);
  interaction.addEventListener('change', show);
  order.addEventListener('change', sort);
  bar.hidden = false;
  show();
})();
"""
