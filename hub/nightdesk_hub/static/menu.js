// On a phone the way around is folded behind a button; without scripts it stands there whole.
const button = document.querySelector("button.nd-menu");
button?.addEventListener("click", () => {
  const open = button.closest("header").classList.toggle("nd-open");
  button.setAttribute("aria-expanded", String(open));
});
