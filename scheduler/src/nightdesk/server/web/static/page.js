// Times in the reader's own zone, durations in words.
export function duration(from, to) {
  if (!from) return "";
  const seconds = Math.max(0, Math.round(((to ? new Date(to) : new Date()) - new Date(from)) / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h} h ${m} min` : m ? `${m} min ${s} s` : `${s} s`;
}
export function refresh(root = document) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    time.title = time.dateTime;
  }
  for (const cell of root.querySelectorAll("[data-from]")) {
    cell.textContent = duration(cell.dataset.from, cell.dataset.to) || "–";
  }
}
refresh();
