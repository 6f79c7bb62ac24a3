/** A link or a QR code for coming back carries the code behind `#`; an app may have encoded the marks. */
export const returnCodeIn = (address: string): string | undefined =>
  /(?:#|%23)return(?:=|%3D)([^&#]+)/i.exec(address)?.[1];
