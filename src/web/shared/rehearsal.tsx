/** Over every page of a rehearsal, so that nobody takes it for the hunt. `of`: the hunt that this one rehearses. */
export const RehearsalBand = ({ of, text }: { of: string | undefined; text: string }) =>
  of === undefined ? null : (
    <p class="rehearsal-band" role="note">
      {text}
    </p>
  );
