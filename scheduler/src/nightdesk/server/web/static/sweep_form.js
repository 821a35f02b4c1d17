// How many runs a sweep makes, counted by the platform while one types; without this script a button counts.
const form = document.getElementById("sweep-form");
const makes = document.getElementById("makes");
const send = document.getElementById("send");
document.getElementById("count").hidden = true;

function kind() {
  for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== form.elements.kind.value;
}

// What the button says is what was counted of what stands there now.
function uncounted() {
  form.elements.counted.value = "";
  send.textContent = "Send";
}

let asked = 0;
async function count() {
  kind();
  uncounted();
  if (!form.elements.source.files.length || !(form.elements.text.value.trim() || form.elements.table.files.length)) return;
  const mine = ++asked;
  const sent = new FormData(form);
  sent.set("do", "preview");
  const answer = await fetch(form.action, { method: "POST", body: sent }).catch(() => null);
  if (mine !== asked || !answer) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [fresh, wrong] = [page.getElementById("makes"), page.getElementById("wrong")];
  if (wrong) makes.replaceChildren(document.adoptNode(wrong));
  else if (fresh) {
    makes.replaceChildren(...document.adoptNode(fresh).children);
    const told = page.getElementById("sweep-form").elements;
    form.elements.counted.value = told.counted.value;
    form.elements.seed.value = told.seed.value;
    send.textContent = page.getElementById("send").textContent;
  }
}

let waiting;
form.addEventListener("input", (event) => {
  kind();
  if (event.target.name === "seed" && !event.target.value) form.elements.seed.value = "";
  uncounted();
  clearTimeout(waiting);
  waiting = setTimeout(count, 350);
});
// Pressed before it was counted: it is counted first.
form.addEventListener("submit", (event) => {
  if (form.elements.counted.value || event.submitter !== send) return;
  event.preventDefault();
  clearTimeout(waiting);
  count();
});
kind();
