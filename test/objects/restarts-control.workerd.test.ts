import { restarts } from "./restarts.ts";

restarts("control");
