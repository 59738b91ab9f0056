"use strict";
// Two small things: the conversation, and pages that keep themselves fresh while work is under way.

const talk = document.getElementById("talk");
const form = document.getElementById("ask");
let about = [];

function add(kind) {
  const box = document.createElement("div");
  box.className = kind;
  talk.append(box);
  return box;
}

function line(box, pieces) {
  const paragraph = document.createElement("p");
  for (const piece of pieces) {
    if (piece.href.startsWith("/")) {
      const link = document.createElement("a");
      link.href = piece.href;
      link.textContent = piece.text;
      paragraph.append(link);
    } else {
      paragraph.append(piece.text);
    }
  }
  box.append(paragraph);
}

function picture(box, svg) {
  const parsed = new DOMParser().parseFromString(svg, "text/html").querySelector("svg");
  if (parsed) box.append(parsed);
}

// Nothing starts by itself: the person presses the button, and the form carries the session's own token.
function suggest(box, name) {
  const confirm = document.createElement("form");
  confirm.method = "post";
  confirm.action = "/prompts/" + name.split("/").map(encodeURIComponent).join("/") + "/cycle";
  const csrf = document.createElement("input");
  csrf.type = "hidden";
  csrf.name = "csrf";
  csrf.value = form.dataset.csrf;
  const button = document.createElement("button");
  button.textContent = "Run a cycle on " + name;
  confirm.append(csrf, button);
  box.append(confirm);
}

function heard(box, block) {
  const kind = /^event: (.*)$/m.exec(block);
  const data = /^data: (.*)$/m.exec(block);
  if (!kind || !data) return;
  const said = JSON.parse(data[1]);
  if (kind[1] === "line") line(box, said);
  if (kind[1] === "picture") picture(box, said);
  if (kind[1] === "suggest") suggest(box, said);
  if (kind[1] === "done" && said.about.length) about = said.about;
}

async function ask(question) {
  document.getElementById("hello")?.remove();
  add("asked").textContent = question;
  const box = add("said");
  box.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch("/chat/ask", {
      method: "POST",
      headers: {"Content-Type": "application/json", "X-CSRF-Token": form.dataset.csrf},
      body: JSON.stringify({question, about}),
    });
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({}));
      line(box, [{text: problem.detail || "That did not work. Load the page again.", href: ""}]);
      return;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const {done, value} = await reader.read();
      if (done) break;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) heard(box, block);
    }
  } catch {
    line(box, [{text: "The server does not answer.", href: ""}]);
  } finally {
    box.removeAttribute("aria-busy");
    box.scrollIntoView({block: "end"});
  }
}

if (form) {
  const field = document.getElementById("question");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const question = field.value.trim();
    if (question) ask(question);
    field.value = "";
    field.focus();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  for (const pill of document.querySelectorAll("[data-ask]")) {
    pill.addEventListener("click", () => ask(pill.dataset.ask));
  }
}

const live = document.getElementById("live");

async function refresh() {
  const answer = await fetch(location.href, {headers: {"Accept": "text/html"}}).catch(() => null);
  if (!answer || !answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  if (!fresh) return;
  if (!live.contains(document.activeElement)) live.innerHTML = fresh.innerHTML;
  live.dataset.refresh = fresh.dataset.refresh;
  if (live.dataset.refresh === "yes") setTimeout(refresh, 2000);
}

if (live && live.dataset.refresh === "yes") setTimeout(refresh, 2000);
