import type { Ran, Session } from "../app/session.ts";
import type { Outcome } from "../engine/face.ts";
import type { ExpectationResult } from "../engine/report.ts";
import { announce, toast } from "../ui/announce.ts";
import { button, fill, h } from "../ui/dom.ts";
import { download } from "../ui/download.ts";
import { count, percent, plural, seconds } from "../ui/units.ts";
import { headline } from "./headline.ts";
import { colourSigns, linkLines } from "./links.ts";
import { Knobs } from "./knobs.ts";
import { noTraffic } from "./no-traffic.ts";

/** A figure of a claim, in its unit. */
function figure({ figure: value, unit }: ExpectationResult): string {
  if (value === null) return "";
  if (unit === "seconds") return seconds(value);
  if (unit === "ratio") return percent(value);
  return unit === "per_second" || unit === "rate" ? `${count(value)}/s` : count(value);
}

/** What a run came to. */
export class Results {
  readonly #session: Session;
  readonly #head = h("div", { class: "results-head" });
  readonly #notice = h("div", { class: "notice", role: "status", hidden: true });
  readonly #body = h("div", { class: "report" });
  readonly #knobs: HTMLDetailsElement;
  readonly #exports = h("div", { class: "exports", hidden: true });
  #outcome: Outcome | undefined;

  constructor(panel: HTMLElement, session: Session) {
    this.#session = session;
    const knobs = new Knobs(session.editor, () => session.hurry());
    this.#knobs = h(
      "details",
      { class: "turn" },
      h("summary", {}, "Turn the knobs", h("span", { class: "soft" }, " – what another ttl or more room would do, as you drag")),
      knobs.element,
    );
    fill(
      this.#exports,
      h("span", { class: "soft" }, "This report"),
      button("as HTML", () => void this.#page(), { class: "quiet small" }),
      button("as JSON", () => this.#json(), { class: "quiet small" }),
    );
    fill(panel, this.#notice, this.#head, this.#knobs, this.#body, this.#exports);
    this.#body.addEventListener("click", (event) => this.#follow(event));
    session.ran.onChange(() => this.#show());
    session.runner.problem.onChange(() => this.#explain());
    session.runner.running.onChange((running) => panel.toggleAttribute("data-old", running !== undefined));
    session.editor.checked.watch(() => this.#explain());
    session.log.onChange(() => this.#explain());
  }

  /** Shows the sliders, and puts the first one under the reader's hand. */
  openKnobs(): void {
    this.#knobs.open = true;
    this.#knobs.scrollIntoView({ block: "nearest" });
    this.#knobs.querySelector("input")?.focus();
  }

  #show(): void {
    const ran = this.#session.ran.value;
    const outcome = this.#session.runner.result.value?.outcome;
    if (!ran || !outcome) return;
    this.#outcome = outcome;
    fill(this.#head, headline(ran.report, this.#session.before.value?.report));
    // The engine escapes what comes from the policy and the log, and the page runs nothing that stands inline.
    this.#body.innerHTML = outcome.html;
    linkLines(this.#body, ran.options.name ?? "");
    colourSigns(this.#body);
    this.#exports.hidden = false;
    this.#verdicts(ran);
    this.#explain();
    announce(this.#summary(ran));
  }

  #summary({ report }: Ran): string {
    const missed = report.expectations.filter(({ held }) => held === false).length;
    const held = report.expectations.filter(({ held: kept }) => kept === true).length;
    return [
      `Simulated ${plural(report.trace.requests, "request")}: ${percent(report.requests.hit_ratio)} hits,`,
      `${percent(report.requests.out_of_date.ratio)} out of date.`,
      `${plural(held, "expectation")} held, ${missed} missed.`,
    ].join(" ");
  }

  #verdicts({ report, text }: Ran): void {
    if (text !== this.#session.editor.text.value) return;
    const decided = report.expectations.filter(({ held }) => held !== null);
    this.#session.editor.showVerdicts(
      decided.map((expectation) => ({
        line: expectation.line,
        held: expectation.held === true,
        text: figure(expectation),
      })),
    );
  }

  /** Says why what is shown is not of the present text, or what to do where there is nothing. */
  #explain(): void {
    const { editor, runner, ran } = this.#session;
    const checked = editor.checked.value;
    const problem = runner.problem.value;
    const say = (...parts: (Node | string)[]) => {
      fill(this.#notice, ...parts);
      this.#notice.hidden = false;
    };
    const line = checked?.diagnostics.find(({ severity }) => severity === "error")?.line;
    const older = ran.value ? " What is below is of the last policy that ran." : "";
    this.#notice.hidden = true;
    const nothing = checked?.outline !== undefined && !this.#session.canRun;
    for (const part of [this.#head, this.#body]) part.hidden = nothing;
    this.#exports.hidden = nothing || this.#outcome === undefined;
    if (checked && !checked.outline) {
      say(`The policy has ${plural(checked.errors, "error")}, so it is not simulated.${older} `);
      if (line !== undefined) this.#notice.append(button(`Go to line ${line}`, () => editor.jump(line), { class: "link" }));
    } else if (problem) {
      say(`The simulation could not be done: ${problem}`);
    } else if (nothing) {
      say(...noTraffic(this.#session));
    }
    this.#knobs.hidden = !checked?.outline;
  }

  /** Whatever in the report names a line leads to it. */
  #follow(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target.closest("[data-line]") : null;
    const line = Number(target?.getAttribute("data-line"));
    if (!target || !Number.isInteger(line) || line < 1) return;
    event.preventDefault();
    this.#session.editor.jump(line);
  }

  #json(): void {
    if (this.#outcome) download(`${this.#session.name}.report.json`, "application/json", this.#outcome.report);
  }

  async #page(): Promise<void> {
    try {
      download(`${this.#session.name}.report.html`, "text/html", await this.#session.runner.simulator.page());
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error));
    }
  }
}
