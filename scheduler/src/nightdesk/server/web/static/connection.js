// Lines to copy, and a test whose outcome comes without leaving the page.
import { refresh } from "./page.js";

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue; // over plain HTTP a browser keeps it to itself: the line can still be marked
  button.hidden = false;
  const says = button.innerHTML;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.innerHTML = says; }, 2000);
  });
}

async function tried(event) {
  event.preventDefault();
  const form = event.target;
  const [button, waiting] = [form.querySelector("button"), form.querySelector("[data-waiting]")];
  const since = performance.now();
  const count = () => { waiting.textContent = `Trying it from where runs are: ${Math.round((performance.now() - since) / 1000)} s`; };
  button.disabled = true;
  document.querySelector("#test .steps")?.remove();
  document.querySelector("#test [data-trial]")?.remove();
  count();
  const ticking = setInterval(count, 1000);
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [fresh, wrong] = [page.querySelector("#test"), page.querySelector("#wrong")];
    if (!fresh) throw new Error();
    const here = document.querySelector("#test");
    here.replaceChildren(...document.adoptNode(fresh).childNodes);
    if (wrong) here.append(document.adoptNode(wrong));
    watch();
    refresh(here);
    here.querySelector("button").focus();
  } catch {
    waiting.textContent = "The platform did not answer. Reload the page and test it again.";
    button.disabled = false;
  } finally {
    clearInterval(ticking);
  }
}
function watch() {
  document.querySelector("[data-test]")?.addEventListener("submit", tried);
}
watch();
