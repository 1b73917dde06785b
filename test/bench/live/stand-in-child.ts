/** The stand-ins in a process of their own, so that what they cost is not the engine's. */
import { z } from "zod";
import { answerParent } from "../answer-parent.ts";
import { usageOfThisProcess } from "../usage.ts";
import { type StandIn, startStandIn } from "./stand-in.ts";

let standIn: StandIn | undefined;

const startSchema = z.object({ wallets: z.array(z.string()), mints: z.array(z.string()) });
const beginSchema = z.object({
  ...{ fromMs: z.number().min(0), toMs: z.number().min(0), finalMs: z.number().min(0) },
  isMute: z.boolean(),
});

function started(): StandIn {
  if (!standIn) throw new Error("the stand-ins are not started");
  return standIn;
}

answerParent({
  start: async (argument) => {
    const { wallets, mints } = startSchema.parse(argument);
    standIn = await startStandIn(wallets, mints);
    return standIn.addresses;
  },
  replay: () => started().replay(),
  begin: (argument) => started().begin(beginSchema.parse(argument)),
  seen: () => started().seen(),
  requests: () => started().requests(),
  usage: usageOfThisProcess,
  stop: () => standIn?.close(),
});
