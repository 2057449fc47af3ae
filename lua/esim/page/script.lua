--- The page's one script: copies, puts the button of the platform first, and turns the live page into the install page.
-- The page is complete without it.

local script = {}

script.TEXT = [==[
"use strict";
(() => {
  const PAUSE = 2000, LONGEST = 60000;  // milliseconds until the page looks again: the first, the last
  const QUIET = 30000;                  // after which a page that comes to the front looks once more
  const STAGES = ["accepted", "making", "ready"];
  const STAGE_OF = { ACCEPTED: "accepted", COMPLETED: "ready", FAILED: "making" };

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

  let stream = null, timer = 0, pause = PAUSE, heard = 0, last = "accepted", trouble = false;

  // One of the texts that the status element carries.
  function tell(name) {
    const place = main().querySelector(".status");
    const text = place && place.dataset[name];
    if (text && place.textContent !== text) place.textContent = text;
  }

  function show(status) {
    last = STAGE_OF[status] || "making";
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
    timer = 0;
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

  // Whether there is nothing left to wait for, or the page is another by now. One that waits stays while the server has
  // trouble, and says so.
  async function turned() {
    heard = performance.now();
    const answer = await fetch(location.href, { cache: "no-store", redirect: "error" });
    const page = parse(await answer.text()), next = page.querySelector("main[data-state]");
    if (answer.status === 404 || answer.status === 410) {
      close();
      tell("expired");
      main().dataset.state = "ended";
      return true;
    }
    trouble = !next || next.dataset.state === "paused";
    if (trouble) tell("trouble");
    if (trouble || next.dataset.state === main().dataset.state) return false;
    become(page);
    return true;
  }

  const waits = () => main().dataset.state === "waiting" || main().dataset.state === "paused";

  // Ask the page itself; if it is the same still, go on by `next`.
  async function ask(next) {
    try {
      if (!await turned() && waits()) next();
    } catch (unreachable) {
      trouble = false;
      tell("lost");
      later();
    }
  }

  function finish(status) {
    show(status);
    close();
    ask(later);
  }

  function listen(address) {
    const mine = new EventSource(address);
    stream = mine;
    mine.addEventListener("open", () => { heard = performance.now(); if (!trouble) tell(last); });
    mine.addEventListener("status", (event) => {
      heard = performance.now();
      pause = PAUSE;
      trouble = false;
      show(data(event).status);
    });
    mine.addEventListener("done", () => finish("COMPLETED"));
    mine.addEventListener("failed", () => finish("FAILED"));
    mine.addEventListener("error", (event) => {
      if (stream !== mine) return;
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

  // A phone that slept, or came back to the network, does not wait for the pause to end.
  function wake() {
    if (document.hidden) return;
    if (timer) {
      close();
      pause = PAUSE;
      ask(watch);
    } else if (stream && performance.now() - heard > QUIET) {
      ask(() => {});
    }
  }
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);

  arrange();
  watch();
})();
]==]

--- SHA-256 of the text, in Base64, for the page's policy.
script.HASH = "sha256-xGEjO6GxfgXOLzKME45bpCVtuT0jG3EjbftD83fSBdQ="

return script
