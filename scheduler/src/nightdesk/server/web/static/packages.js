// The table of packages, narrowed while one types; without scripts the form asks the server.
const form = document.querySelector("#filter");
const rows = [...document.querySelectorAll("#package-table tbody tr")];
const fitting = document.querySelector("#fitting");
const total = fitting.textContent.match(/(\d+)\D*$/)[1];
// Only where all of them came: what the server left out cannot be shown here.
if (rows.length === Number(total)) {
  form.querySelector("button").hidden = true;
  const narrow = () => {
    const name = form.package.value.trim().toLowerCase();
    const kind = form.kind?.value ?? "";
    let shown = 0;
    for (const row of rows) {
      const fits = row.cells[0].textContent.toLowerCase().includes(name) && (!kind || row.dataset.kind === kind);
      row.hidden = !fits;
      shown += fits;
    }
    fitting.textContent = `${shown} of ${total}`;
  };
  form.addEventListener("input", narrow);
  form.addEventListener("submit", (event) => { event.preventDefault(); narrow(); });
}
