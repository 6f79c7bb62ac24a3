/** What a hunt's control wakes for. */
export type ControlReason = "fan-out" | "moves" | "merges" | "regrades" | "retention" | "announce" | "assets";
