// The proof of work, in a worker of its own.
import { search, type Task } from "./sha";

addEventListener("message", ({ data }: MessageEvent<Task>) =>
  postMessage(search(data)(0, data.maxnumber)),
);
