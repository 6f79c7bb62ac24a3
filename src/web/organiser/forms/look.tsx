/** How the hunt's pages look: pictures, two colours with what becomes of them, type; and the picture of its links. */
import { useState } from "preact/hooks";
import { ASSET_SCHEME } from "../../../contract/asset-types.ts";
import {
  CONTRAST_MIN,
  contrast,
  FONTS,
  isColour,
  isFont,
  OWN_GROUND,
  type Tints,
  textOn,
  tintsOf,
} from "../../../contract/tints.ts";
import { Problem } from "../../shared/api.ts";
import { ratio, t } from "../../shared/i18n.ts";
import { Picture } from "../../shared/look.tsx";
import { dottedOf, type Path } from "../document/path.ts";
import { problemText } from "../engine.ts";
import { putFile } from "../put-file.ts";
import { Findings, fieldId, SelectField, useFault, useTyped } from "./fields.tsx";
import { forgetFiles, useFiles } from "./known-files.ts";
import { type Model, useModel } from "./model.ts";
import { FileField } from "./pick-file.tsx";
import { cardOf } from "./social-card.ts";

/** What the card that is made here is called. */
const CARD = "card.jpg";

const SIGNAL = "#c7351a";

export function LookForm() {
  const model = useModel();
  const style = styleIn(model);
  const names = ["logo", "cover", "card"].map((key) => nameIn(model, key));
  const addresses = useFiles(
    model.work.hunt,
    names.filter((name) => name !== ""),
  );
  const addressOf = (key: string): string | undefined => addresses.get(nameIn(model, key));
  const pictures = { logo: addressOf("logo"), cover: addressOf("cover"), card: addressOf("card") };
  return (
    <div class="stack">
      <p class="soft">{t("lookHint")}</p>
      <div class="columns">
        <ColourField
          path={["look", "colour"]}
          label={t("lookColour")}
          hint={t("lookColourHint")}
          own={SIGNAL}
        />
        <ColourField
          path={["look", "background"]}
          label={t("lookBackground")}
          hint={t("lookBackgroundHint")}
          own={OWN_GROUND}
        />
      </div>
      <Readable {...style} />
      <SelectField
        path={["look", "font"]}
        label={t("lookFont")}
        otherwise=""
        options={[
          { value: "", label: t("lookFontOwn") },
          ...Object.keys(FONTS).map((value) => ({ value, label: t(`font_${value}`) })),
        ]}
      />
      <FileField path={["look", "logo"]} label={t("lookLogo")} hint={t("lookLogoHint")} />
      <FileField path={["look", "cover"]} label={t("lookCover")} hint={t("lookCoverHint")} />
      <FileField path={["look", "card"]} label={t("lookCard")} hint={t("lookCardHint")} />
      <MakeCard pictures={pictures} />
      <Findings path={["look"]} exact />
      <h3>{t("preview")}</h3>
      <div class="columns">
        {(["light", "dark"] as const).map((theme) => (
          <Sample key={theme} theme={theme} pictures={pictures} />
        ))}
      </div>
    </div>
  );
}

/** The name of a picture of the look; empty: it has none. */
const nameIn = (model: Model, key: string): string => {
  const held = model.text(["look", key]);
  return held.startsWith(ASSET_SCHEME) ? held.slice(ASSET_SCHEME.length) : "";
};

function styleIn(model: Model): { colour?: string; background?: string; font?: string } {
  const of = (key: string): string => model.text(["look", key]);
  return {
    ...(isColour(of("colour")) ? { colour: of("colour") } : {}),
    ...(isColour(of("background")) ? { background: of("background") } : {}),
    ...(isFont(of("font")) ? { font: of("font") } : {}),
  };
}

/** A colour by the device's picker, or as it is written. `own`: what the pages have without it. */
function ColourField({ path, label, hint, own }: { path: Path; label: string; hint: string; own: string }) {
  const model = useModel();
  const held = model.text(path);
  const typed = useTyped(held, (text) => model.set(path, text === "" ? undefined : text.toLowerCase()));
  return (
    <div class="field" data-path={dottedOf(path)}>
      <label htmlFor={fieldId(path)}>{label}</label>
      <p class="soft small">{hint}</p>
      <div class="colour">
        <input
          id={fieldId(path)}
          placeholder={own}
          maxLength={7}
          dir="ltr"
          spellcheck={false}
          {...useFault(path)}
          {...typed}
        />
        <input
          type="color"
          aria-label={t("pickColour", { what: label })}
          value={isColour(held) ? held : own}
          onInput={({ currentTarget: { value } }) => model.set(path, value)}
        />
      </div>
      <Findings path={path} />
    </div>
  );
}

/** The contrast of what the author named, as it changes. */
function Readable({ colour = SIGNAL, background = OWN_GROUND }: { colour?: string; background?: string }) {
  const rows = [
    { label: t("contrastText"), value: contrast(colour, background) },
    { label: t("contrastButton"), value: contrast(colour, textOn(colour)) },
  ];
  return (
    <div class="contrasts number" role="status">
      {rows.map(({ label, value }) => (
        <p key={label}>
          {label} <strong>{ratio(value)}</strong>{" "}
          {value >= CONTRAST_MIN ? t("contrastGood") : t("contrastLow")}
        </p>
      ))}
    </div>
  );
}

interface Pictures {
  logo: string | undefined;
  cover: string | undefined;
  card: string | undefined;
}

const asProperties = (tints: Tints): Record<string, string> =>
  Object.fromEntries(Object.entries(tints).map(([name, value]) => [`--${name}`, value]));

/** A page of the hunt in small; what the look does not name is taken from the pages’ own colours. */
function Sample({ theme, pictures }: { theme: "light" | "dark"; pictures: Pictures }) {
  const model = useModel();
  const style = styleIn(model);
  const font = isFont(style.font) ? FONTS[style.font] : undefined;
  const tints = tintsOf({ colour: SIGNAL, background: OWN_GROUND, ...style })?.[theme];
  const title = model.shown(["title"]);
  return (
    <div
      class="sample"
      style={{
        ...(tints ? asProperties(tints) : {}),
        ...(font === undefined ? {} : { "--text": font, "--ui": font }),
      }}
    >
      <p class="sample-head">
        <Picture at={pictures.logo} name="logo" />
        <bdi>{title}</bdi>
      </p>
      <Picture at={pictures.cover} name="cover" />
      <div class="sample-card">
        <p class="sample-title">{t(theme === "light" ? "lookLight" : "lookDark")}</p>
        <p>{t("lookSample")}</p>
        <p class="sample-link">{t("lookSampleLink")}</p>
        <span class="button">{t("lookSampleButton")}</span>
      </div>
    </div>
  );
}

/** Draws the card out of cover, logo and title, and sends it. */
function MakeCard({ pictures }: { pictures: Pictures }) {
  const model = useModel();
  const [state, setState] = useState<{ busy: boolean; problem?: string; done?: boolean }>({ busy: false });
  const make = async (): Promise<void> => {
    setState({ busy: true });
    try {
      const picture = await cardOf({ ...pictures, title: model.shown(["title"]), ...styleIn(model) });
      await putFile(model.work.hunt, CARD, picture);
      forgetFiles();
      model.set(["look", "card"], `${ASSET_SCHEME}${CARD}`);
      setState({ busy: false, done: true });
    } catch (error) {
      if (error instanceof Problem) setState({ busy: false, problem: problemText(error) });
      else setState({ busy: false, problem: t("cardFailed") });
    }
  };
  return (
    <div class="stack tight">
      <div class="row">
        <button type="button" class="quiet" disabled={state.busy} onClick={() => void make()}>
          {t("makeCard")}
        </button>
      </div>
      <p class="small" role="status">
        {state.problem ?? (state.done ? t("cardMade") : "")}
      </p>
      <Picture at={pictures.card} name="card-picture" />
    </div>
  );
}
