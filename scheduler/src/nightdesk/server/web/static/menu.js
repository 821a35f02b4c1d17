// On a phone the way around is folded behind a button; without scripts it stands there whole.
const button = document.querySelector("button.menu");
button?.addEventListener("click", () => {
  const open = button.closest("header").classList.toggle("open");
  button.setAttribute("aria-expanded", String(open));
});

// The menu under one's name closes where somebody goes elsewhere.
const mine = document.querySelector("details.who");
document.addEventListener("click", (event) => { if (!mine?.contains(event.target)) mine?.removeAttribute("open"); });
mine?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  mine.removeAttribute("open");
  mine.querySelector("summary").focus();
});
