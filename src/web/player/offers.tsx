/** What whoever plays is asked: to take over what somebody else did on this device, or to follow a link to another team. */
import { t } from "../shared/i18n.ts";
import {
  declineInvitation,
  drop,
  invitation,
  leftBehind,
  me,
  pending,
  session,
  switching,
  takeOver,
} from "./state.ts";
import type { LeftBehind } from "./storage.ts";

export function Offers() {
  return (
    <>
      {leftBehind.value.map((left) => (
        <LeftOffer key={left.player} left={left} />
      ))}
      <Invitation />
    </>
  );
}

/** What somebody is asked before this device forgets them: with what was never sent. */
export function leaveQuestion(): string {
  const count = leftBehind.value.reduce((sum, left) => sum + left.count, pending.value.length);
  return count === 0 ? t("leaveSure") : `${t("leaveUnsent", { count })} ${t("leaveSure")}`;
}

function LeftOffer({ left }: { left: LeftBehind }) {
  const { count, name, team } = left;
  return (
    <section class="card stack offer">
      <p>
        <strong>
          {name === "" ? t("leftBehindNameless", { count }) : t("leftBehind", { count, name, team })}
        </strong>
      </p>
      <p class="soft">{t("leftBehindText")}</p>
      <div class="row">
        <button type="button" onClick={() => void takeOver(left)}>
          {t("takeOver", { team: session.value?.team.name ?? "" })}
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => confirm(t("dropSure", { count })) && void drop(left)}
        >
          {t("drop")}
        </button>
      </div>
    </section>
  );
}

/** As the engine reads join codes: without dashes and case, and letters that look like digits are digits. */
const folded = (code: string): string =>
  code
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, "")
    .replaceAll("O", "0")
    .replaceAll(/[IL]/g, "1");

function Invitation() {
  const own = session.value?.team;
  if (invitation.value === "" || !own) return null;
  const isOwn = own.joinCode !== undefined && folded(own.joinCode) === folded(invitation.value);
  return (
    <section class="card stack offer">
      <p>
        <strong>
          {isOwn
            ? t("invitedHere", { team: own.name })
            : t("invitedElsewhere", {
                name: me.value?.player.name ?? session.value?.player.name ?? "",
                team: own.name,
              })}
        </strong>
      </p>
      {!isOwn && own.joinCode !== undefined && <p class="soft">{t("invitedText", { team: own.name })}</p>}
      <div class="row">
        {!isOwn && own.joinCode !== undefined && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              switching.value = true;
            }}
          >
            {t("switchTeam")}
          </button>
        )}
        <button type="button" onClick={declineInvitation}>
          {isOwn || own.joinCode === undefined ? t("dismiss") : t("stayInTeam", { team: own.name })}
        </button>
      </div>
    </section>
  );
}
