// A list that is asked for again each few seconds while somebody looks at it; not while they are in the middle of something.
import { refresh } from "./page.js";

const EVERY = 5000;

async function look() {
  const list = document.querySelector("#list");
  if (!document.hidden && !list.contains(document.activeElement)) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("#list");
        if (fresh) { list.replaceWith(document.adoptNode(fresh)); refresh(); }
      }
    } catch {
      // The platform is away for the moment: the next look finds it again.
    }
  }
  setTimeout(look, EVERY);
}
setTimeout(look, EVERY);
