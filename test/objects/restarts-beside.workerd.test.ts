import { restarts } from "./restarts.ts";

restarts("beside");
