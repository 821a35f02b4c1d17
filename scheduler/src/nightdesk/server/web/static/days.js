// Days in a form of dates mean the reader's own.
const form = document.querySelector("#search");
form.zone.value = -new Date().getTimezoneOffset();
for (const note of form.querySelectorAll(".utc")) note.hidden = true;
// An address without what was left empty.
form.addEventListener("submit", () => {
  for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  if (!form.since.value && !form.until.value) form.zone.disabled = true;
});
window.addEventListener("pageshow", () => { for (const field of form.elements) field.disabled = false; });
