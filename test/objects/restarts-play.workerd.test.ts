import { restarts, routes } from "./restarts.ts";

routes();
restarts("play");
