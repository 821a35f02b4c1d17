// The extension: commands, the panel, and the drive with the results.

import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, Notification, showErrorMessage } from "@jupyterlab/apputils";
import { IDefaultFileBrowser } from "@jupyterlab/filebrowser";
import { INotebookTracker } from "@jupyterlab/notebook";
import { LabIcon } from "@jupyterlab/ui-components";

import { pathOf, RunsDrive } from "./drive";
import { ask } from "./form";
import icon from "./moon.svg";
import { Panel } from "./panel";
import { story } from "./schedules";
import { Server } from "./server";
import { prepare, type Ready } from "./source";
import style from "./style.css";
import type { Run, Schedule } from "./types";
import { Watch } from "./watch";
import { statusWords } from "./words";

const NOTEBOOK = "nightdesk:run-notebook";
const FILE = "nightdesk:run-file";
const SHOW = "nightdesk:show-runs";
const moon = new LabIcon({ name: "nightdesk:moon", svgstr: icon });

const plugin: JupyterFrontEndPlugin<void> = {
  id: "@nightdesk/lab:plugin",
  description: "Hand the open notebook to Nightdesk, and see how one's runs are going.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette, IDefaultFileBrowser, ILayoutRestorer, ILabShell],
  activate,
};

function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  palette: ICommandPalette | null,
  browser: IDefaultFileBrowser | null,
  restorer: ILayoutRestorer | null,
  shell: ILabShell | null,
): void {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);

  const { contents, serverSettings } = app.serviceManager;
  const server = new Server(serverSettings);
  const watch = new Watch(server);
  contents.addDrive(new RunsDrive(server));
  // The hub's own prefix stands before every person's server, and before the platform's pages alike.
  const pages = `${new URL(serverSettings.baseUrl).pathname.split("/user/")[0] ?? ""}/services/nightdesk`;
  const pageOf = (run: Run): string => `${pages}/runs/${encodeURIComponent(run.id)}`;

  const pageOfSchedule = (schedule: Schedule): string => `${pages}/schedules/${encodeURIComponent(schedule.id)}`;

  const openResult = (run: Run): void => {
    if (run.outputs.some((output) => output.name === "notebook.ipynb")) {
      const kernelPreference = { shouldStart: false, canStart: false, autoStartDefault: false };
      void app.commands.execute("docmanager:open", { path: pathOf(run), factory: "Notebook", kernelPreference });
    } else window.open(pageOf(run), "_blank", "noopener");
  };
  const panel = new Panel(watch, {
    openResult,
    pageOf,
    allRuns: () => `${pages}/`,
    cancel: async (run) => watch.put(await server.cancel(run.id)),
    allSchedules: () => `${pages}/schedules`,
    again: async (run) => watch.put(await server.again(run.id)),
  }, {
    pageOf: pageOfSchedule,
    pause: async (schedule) => watch.putSchedule(await server.pause(schedule.id)),
    resume: async (schedule) => watch.putSchedule(await server.resume(schedule.id)),
    runNow: async (schedule) => {
      const tick = await server.runNow(schedule.id);
      if (tick.run) watch.put(await server.run(tick.run));
      return tick.words || "It runs.";
    },
  }, moon);
  app.shell.add(panel, "left", { rank: 350 });
  restorer?.add(panel, panel.id);
  const showPanel = (): void => {
    shell?.expandLeft();
    app.shell.activateById(panel.id);
  };
  watch.ended.connect((_, run) => tell(run, openResult, showPanel));

  const hand = async (ready: Ready | null): Promise<void> => {
    const made = ready && (await ask(server, ready.source, ready.notice, `${pages}/schedules`));
    if (!made) return;
    if ("schedule" in made) {
      const { schedule } = made;
      watch.putSchedule(schedule);
      watch.start();
      showPanel();
      panel.openSchedules();
      const actions = [{ label: "Open its page", callback: () => void window.open(pageOfSchedule(schedule), "_blank", "noopener") }];
      Notification.success(`“${schedule.name}” is on a schedule: ${story(schedule)}.`, { actions, autoClose: 15_000 });
      return;
    }
    const { run } = made;
    watch.put(run);
    watch.start();
    showPanel();
    Notification.info(`“${run.name}” runs in the background. You can close Lab.`, { autoClose: 6000 });
  };

  app.commands.addCommand(NOTEBOOK, {
    label: "Run in Background…",
    caption: "Hand this notebook to the platform, which runs it whether you are signed in or not",
    icon: moon,
    isEnabled: () => notebooks.currentWidget !== null && notebooks.currentWidget === app.shell.currentWidget,
    execute: async () => {
      const context = notebooks.currentWidget?.context;
      if (context) await hand(await prepare(context, contents.driveName(context.path) === ""));
    },
  });
  app.commands.addCommand(FILE, {
    label: "Run in Background…",
    caption: "Hand this file to the platform, which runs it whether you are signed in or not",
    icon: moon,
    isVisible: () => Array.from(browser?.selectedItems() ?? []).length === 1,
    execute: async () => {
      const [item] = Array.from(browser?.selectedItems() ?? []);
      if (!item) return;
      const open = app.shell.widgets("main");
      for (const widget of open) {
        const context = notebooks.find((each) => each === widget)?.context;
        if (context?.path === item.path) return hand(await prepare(context, true));
      }
      if (contents.driveName(item.path) !== "") {
        await showErrorMessage("Not a file of yours", "Only files in your own folders can run in the background.");
        return;
      }
      await hand({ source: { path: item.path }, notice: null });
    },
  });
  app.commands.addCommand(SHOW, { label: "My Runs", caption: "Show my runs", icon: moon, execute: showPanel });
  for (const command of [NOTEBOOK, SHOW]) palette?.addItem({ command, category: "Nightdesk" });
}

/** Say that a run is over, for as long as it takes to be read where it did not succeed. */
function tell(run: Run, open: (run: Run) => void, show: () => void): void {
  const well = run.status === "succeeded";
  const words = well ? `“${run.name}” is done.` : `“${run.name}”: ${run.reason ?? statusWords(run.status)}`;
  const actions = [
    { label: "Open result", callback: () => open(run) },
    { label: "My runs", callback: show },
  ];
  if (well) Notification.success(words, { actions, autoClose: 10_000 });
  else if (run.status === "cancelled") Notification.info(words, { autoClose: 6000 });
  else Notification.error(words, { actions, autoClose: false });
}

export default plugin;
