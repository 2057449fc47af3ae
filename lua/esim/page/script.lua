--- The page's one script: copies, puts the button of the platform first, and turns the live page into the install page.
-- The page is complete without it.

local script = {}

script.TEXT = [==[
"use strict";
(() => {
  const PAUSE = 2000, LONGEST = 60000;  // milliseconds until the page looks again: the first, the last
  const PATIENCE = 30000;               // that an answer may take
  const QUIET = 45000, DAY = 86400000;  // without a sign of life: until the events say how often there is one; at most
  const STAGES = ["accepted", "making", "ready"];
  const STAGE_OF = new Map([["ACCEPTED", "accepted"], ["COMPLETED", "ready"]]);  // any other: it is being made

  const main = () => document.querySelector("main");
  const all = (selector) => [...main().querySelectorAll(selector)];

  // What is said is heard: the element is a live region, which tells changes only.
  function say(text) {
    const place = main().querySelector(".says");
    if (!place) return;
    clearTimeout(say.timer);
    place.textContent = "";
    say.timer = setTimeout(() => {
      place.textContent = text;
      say.timer = setTimeout(() => { place.textContent = ""; }, 6000);
    }, 50);
  }

  // An iPad calls itself a Macintosh, but has a screen to touch.
  function platform() {
    const agent = navigator.userAgent;
    if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)) return "ios";
    return /Android/.test(agent) ? "android" : "";
  }

  function arrange() {
    const here = platform();
    if (here && main().querySelector(`[data-platform="${here}"]`)) {
      main().dataset.on = here;
      for (const element of all("[data-platform]")) {
        const own = element.dataset.platform === here;
        element.classList.toggle("other", !own);
        if (!own) element.parentNode.append(element);
      }
    }
    for (const button of all(".copy")) button.hidden = false;
  }

  // Copying.

  // A file that was saved has no clipboard, nor has a page that came unencrypted: then as by hand.
  function copyMarked(place) {
    const range = document.createRange(), marked = getSelection();
    range.selectNodeContents(place);
    marked.removeAllRanges();
    marked.addRange(range);
    if (!document.execCommand("copy")) return false;
    marked.removeAllRanges();
    return true;
  }

  async function copy(button) {
    const place = document.getElementById(button.dataset.copies);
    let done = false;
    try {
      await navigator.clipboard.writeText(place.textContent);
      done = true;
    } catch (refused) {
      done = copyMarked(place);
    }
    say(done ? button.dataset.done : button.dataset.failed);
    if (!done) return;
    const face = button.firstElementChild;
    face.textContent = face.dataset.after;
    setTimeout(() => { face.textContent = face.dataset.before; }, 2500);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (button) copy(button);
  });

  // The live page.

  let stream = null, timer = 0, silence = 0, quiet = QUIET, pause = PAUSE, last = "accepted", trouble = false;
  let question = 0, asked = 0;  // the last one's number, and when it was asked
  let barred = false;           // whether the last answer was that the shop has to see to it

  // One of the texts that the status element carries.
  function tell(name) {
    const place = main().querySelector(".status");
    const text = place && place.dataset[name];
    if (text && place.textContent !== text) place.textContent = text;
  }

  function show(status) {
    last = STAGE_OF.get(status) || "making";
    const reached = STAGES.indexOf(last);
    for (const stage of all("[data-stage]")) {
      const place = STAGES.indexOf(stage.dataset.stage);
      stage.classList.toggle("done", place < reached || last === "ready");
      if (place === reached && last !== "ready") stage.setAttribute("aria-current", "step");
      else stage.removeAttribute("aria-current");
    }
    tell(last);
  }

  function data(event) {
    try { return JSON.parse(event.data) || {}; } catch (unreadable) { return {}; }
  }

  function close() {
    if (stream) stream.close();
    stream = null;
    clearTimeout(timer);
    clearTimeout(silence);
    timer = 0;
  }

  // A connection may be gone without a word.
  function hear() {
    clearTimeout(silence);
    silence = setTimeout(again, quiet, watch);
  }

  function later() {
    close();
    timer = setTimeout(() => { timer = 0; ask(watch); }, pause);
    pause = Math.min(pause * 2, LONGEST);
  }

  // The title and the main part of a page, without its head: that has a style with a nonce that is not this page's.
  function parse(text) {
    const parts = [/<title>[^<]*<\/title>/, /<main [^]*?<\/main>/].map((part) => (part.exec(text) || [""])[0]);
    return new DOMParser().parseFromString(parts.join(""), "text/html");
  }

  // Take over what this address shows now. No script is needed for it: clicks are heard at the document.
  function become(page) {
    close();
    main().replaceWith(document.adoptNode(page.querySelector("main")));
    document.title = page.title;
    arrange();
    scrollTo(0, 0);
    main().querySelector("h1").focus({ preventScroll: true });
    watch();
  }

  // What this address shows now.
  async function fetched() {
    const control = new AbortController(), end = setTimeout(() => control.abort(), PATIENCE);
    try {
      const answer = await fetch(location.href, { cache: "no-store", redirect: "manual", signal: control.signal });
      return { status: answer.status, moved: answer.type === "opaqueredirect", page: parse(await answer.text()) };
    } finally {
      clearTimeout(end);
    }
  }

  // Whether there is nothing left to wait for, or the page is another by now. One that waits stays while the server has
  // trouble, and says so.
  function turned({ status, moved, page }) {
    const next = page.querySelector("main[data-state]");
    if (moved) {
      location.reload();  // such as to a login, which no script can pass
      return true;
    }
    if (status === 404 || status === 410) {
      close();
      tell("expired");
      main().dataset.state = "ended";
      return true;
    }
    const first = !barred;  // one such answer may be a whim of the provider's
    barred = Boolean(next) && next.dataset.state === "unavailable";
    trouble = !next || next.dataset.state === "paused" || (barred && first);
    if (trouble) tell("trouble");
    if (trouble || next.dataset.state === main().dataset.state) return false;
    become(page);
    return true;
  }

  const waits = () => main().dataset.state === "waiting" || main().dataset.state === "paused";

  // Ask the page itself; if it is the same still, go on by `next`. Of several that are under way the last one counts.
  async function ask(next) {
    const mine = ++question;
    asked = Date.now();
    try {
      const answer = await fetched();
      if (mine === question && !turned(answer) && waits()) next();
    } catch (unreachable) {
      if (mine !== question) return;
      trouble = false;
      tell("lost");
      later();
    }
  }

  function again(next) {
    close();
    ask(next);
  }

  function finish(status) {
    show(status);
    again(later);
  }

  function listen(address) {
    const mine = new EventSource(address), stage = main().querySelector("[aria-current]");
    stream = mine;
    if (stage) last = stage.dataset.stage;
    hear();
    mine.addEventListener("open", () => { hear(); if (!trouble) tell(last); });
    mine.addEventListener("alive", (event) => {
      quiet = Math.min(3000 * data(event).seconds || QUIET, DAY);
      hear();
    });
    mine.addEventListener("status", (event) => {
      hear();
      pause = PAUSE;
      trouble = false;
      show(data(event).status);
    });
    mine.addEventListener("done", () => finish("COMPLETED"));
    mine.addEventListener("failed", () => finish("FAILED"));
    mine.addEventListener("error", (event) => {
      if (stream !== mine) return;
      hear();
      trouble = trouble || typeof event.data === "string";  // the server's; one without data is the browser's own
      tell(trouble ? "trouble" : "lost");
      if (mine.readyState === EventSource.CLOSED) later();  // else the browser connects again by itself
    });
  }

  function watch() {
    if (!waits()) return;
    const address = main().dataset.events;
    if (address && window.EventSource) listen(address);
    else later();
  }

  // A phone that slept, or came back to the network, waits neither for the pause to end nor for the silence: no clock
  // may have run meanwhile but that of the day.
  function wake() {
    if (document.hidden || !waits()) return;
    if (!timer && Math.abs(Date.now() - asked) < PAUSE) return;
    pause = PAUSE;
    again(watch);
  }
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });

  arrange();
  watch();
})();
]==]

--- SHA-256 of the text, in Base64, for the page's policy.
script.HASH = "sha256-P/ExksL16jdEmkPZ+rs0i+HzeytQFXnPkaDUy6sS5Uc="

return script
