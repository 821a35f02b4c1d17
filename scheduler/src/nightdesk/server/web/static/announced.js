// Announcements that somebody has put away stay away in this browser, on the hub's pages as well.
const KEY = "nightdesk-dismissed";
const dismissed = () => { try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; } };
for (const place of document.querySelectorAll("[data-announcement]")) {
  const number = Number(place.dataset.announcement);
  place.hidden = dismissed().includes(number);
  const button = place.querySelector("button");
  button.hidden = false;
  button.addEventListener("click", () => {
    try { localStorage.setItem(KEY, JSON.stringify([...dismissed(), number].slice(-50))); } catch { /* for this page only */ }
    place.hidden = true;
  });
}
