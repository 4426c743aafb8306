(function () {
  "use strict";
  var root = document.documentElement;
  var pick = function (selector, from) { return Array.prototype.slice.call((from || document).querySelectorAll(selector)); };

  function speak(lang) {
    root.dataset.lang = lang;
    root.lang = lang === "zh" ? "zh-CN" : "en";
    pick("[data-zh]").forEach(function (node) {
      node.setAttribute(node.tagName === "INPUT" ? "placeholder" : "aria-label", node.dataset[lang]);
    });
  }
  document.getElementById("switch").addEventListener("click", function () { speak(root.dataset.lang === "zh" ? "en" : "zh"); });
  speak(root.dataset.lang);

  var table = document.getElementById("board-table");
  if (table) {
    var body = table.tBodies[0], rows = pick("tr", body), chosen = { stage: "", facet: "" }, isOpen = false;
    var find = document.getElementById("find"), all = document.getElementById("show-all");
    var filter = function () {
      var words = find.value.trim().toLowerCase(), n = 0;
      var isNarrowed = words || chosen.stage || chosen.facet;
      rows.forEach(function (row) {
        var fits = (!chosen.stage || row.dataset.stage === chosen.stage) && (!chosen.facet || row.dataset.facet === chosen.facet) &&
          (!words || row.dataset.name.toLowerCase().indexOf(words) >= 0);
        row.hidden = !fits;
        row.classList.toggle("shown", Boolean(isOpen || isNarrowed));
        n += fits;
      });
      document.getElementById("no-match").hidden = n > 0;
    };
    ["stage", "facet"].forEach(function (kind) {
      var chips = pick("#" + kind + "-chips button");
      chips.forEach(function (chip) {
        chip.addEventListener("click", function () {
          chosen[kind] = chip.dataset[kind];
          chips.forEach(function (other) { other.setAttribute("aria-pressed", String(other === chip)); });
          filter();
        });
      });
    });
    find.addEventListener("input", filter);
    find.form.addEventListener("submit", function (event) { event.preventDefault(); });
    if (all) all.addEventListener("click", function () { isOpen = true; all.parentNode.hidden = true; filter(); });
    pick("th[data-sort]", table.tHead).forEach(function (head) {
      // no <button>: browsers leave buttons out of a table's head where print repeats it
      var button = document.createElement("span");
      button.setAttribute("role", "button");
      button.tabIndex = 0;
      button.addEventListener("keydown", function (event) {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        button.click();
      });
      while (head.firstChild) button.appendChild(head.firstChild);
      head.appendChild(button);
      button.addEventListener("click", function () {
        var key = head.dataset.sort, isText = key === "name" || key === "stage";
        var down = head.getAttribute("aria-sort") === "descending" ? false : head.getAttribute("aria-sort") === "ascending" ? true : !isText;
        pick("th[data-sort]", table.tHead).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        rows.sort(function (a, b) {
          var x = a.dataset[key], y = b.dataset[key];
          if (!x || !y) return x ? -1 : y ? 1 : 0;
          var order = isText ? x.localeCompare(y, "zh") : key === "since" ? (x < y ? -1 : x > y ? 1 : 0) : parseFloat(x) - parseFloat(y);
          return down ? -order : order;
        });
        rows.forEach(function (row) { body.appendChild(row); });
        isOpen = true;
        if (all) all.parentNode.hidden = true;
        filter();
      });
    });
  }

  var tip = document.getElementById("tip"), space = "http://www.w3.org/2000/svg";
  pick("svg[data-tips]").forEach(function (chart) {
    var tips = JSON.parse(chart.dataset.tips), at = -1;
    var left = +chart.dataset.left, right = +chart.dataset.right, width = chart.viewBox.baseVal.width;
    var day = function (text) { return Date.parse(text); };
    var first = day(tips[0][0]), last = day(tips[tips.length - 1][0]);
    var hair = document.createElementNS(space, "line");
    hair.setAttribute("class", "c-hair");
    hair.setAttribute("y1", chart.dataset.top);
    hair.setAttribute("y2", chart.dataset.bottom);
    var place = function (i) { return left + (day(tips[i][0]) - first) / (last - first || 1) * (right - left); };
    var show = function (i) {
      at = Math.max(0, Math.min(tips.length - 1, i));
      var x = place(at), box = chart.getBoundingClientRect();
      hair.setAttribute("x1", x);
      hair.setAttribute("x2", x);
      chart.appendChild(hair);
      tip.textContent = tips[at].join("   ");
      tip.hidden = false;
      var px = box.left + x / width * box.width;
      tip.style.left = Math.max(6, Math.min(window.innerWidth - tip.offsetWidth - 6, px - tip.offsetWidth / 2)) + "px";
      tip.style.top = Math.max(6, box.top - tip.offsetHeight + 10) + "px";
    };
    var hide = function () { tip.hidden = true; if (hair.parentNode) hair.parentNode.removeChild(hair); };
    chart.addEventListener("pointermove", function (event) {
      var box = chart.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * width;
      var when = first + (x - left) / (right - left) * (last - first), near = 0;
      tips.forEach(function (one, i) { if (Math.abs(day(one[0]) - when) < Math.abs(day(tips[near][0]) - when)) near = i; });
      show(near);
    });
    chart.addEventListener("pointerleave", hide);
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", function (event) {
      var step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (!step) return;
      event.preventDefault();
      show((at < 0 ? tips.length : at) + step);
    });
  });
}());
