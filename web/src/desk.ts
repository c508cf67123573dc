// Staff's pages: Turbo, so that a click exchanges what changed, and small elements of our own.
import { config } from "@hotwired/turbo";
import { CaseList } from "./elements/case-list";
import { CommandPalette } from "./elements/command-palette";
import { ConfirmButton } from "./elements/confirm-button";
import { DraftBox } from "./elements/draft-box";
import { DutyBeat } from "./elements/duty-beat";
import { LiveBoard } from "./elements/live-board";
import { LiveStream } from "./elements/live-stream";
import { OfferRing, RingSwitches } from "./elements/offer-ring";
import { PresencePing } from "./elements/presence-ping";
import { QuickAnswers } from "./elements/quick-answers";
import { SimilarHint } from "./elements/similar-hint";
import { SmsCount } from "./elements/sms-count";
import { TemplateFill } from "./elements/template-fill";
import { TimeLeft } from "./elements/time-left";
import { TimeRun } from "./elements/time-run";
import "./chat-sign";
import "./list-place";
import "./focus";
import "./missing";
import "./more-rows";
import "./morph";
import "./newest";
import "./reload";
import "./shell";

// The top bar shows by `aria-busy` that a page is on its way.
config.drive.progressBarDelay = Number.MAX_SAFE_INTEGER;

customElements.define("case-list", CaseList);
customElements.define("command-palette", CommandPalette);
customElements.define("confirm-button", ConfirmButton);
customElements.define("draft-box", DraftBox);
customElements.define("duty-beat", DutyBeat);
customElements.define("live-board", LiveBoard);
customElements.define("live-stream", LiveStream);
customElements.define("offer-ring", OfferRing);
customElements.define("presence-ping", PresencePing);
customElements.define("quick-answers", QuickAnswers);
customElements.define("ring-switches", RingSwitches);
customElements.define("similar-hint", SimilarHint);
customElements.define("sms-count", SmsCount);
customElements.define("template-fill", TemplateFill);
customElements.define("time-left", TimeLeft);
customElements.define("time-run", TimeRun);
