import { z } from "zod";
import { unlisted } from "./schemas.ts";

/** What stands in an answer where a person has to say yes first. */
export const approvalFacts = {
  request: z.string().optional().meta(unlisted),
  approve_command: z.string().optional().meta(unlisted),
  expires: z.string().optional().meta(unlisted),
  tell_the_person: z.string().optional().meta(unlisted),
};

interface Open {
  request: string;
  expires: string;
  why: "unanswered" | "unable" | "passphrase";
}

const reasons: Readonly<Record<Open["why"], string>> = {
  unanswered: "Nobody answered the question in this client.",
  unable: "This client cannot ask you.",
  passphrase: "Approvals here need your passphrase.",
};

/** A normal answer, no failure: nothing has changed, and the same call goes on once a person has approved. */
export const needsApproval = ({ request, expires, why }: Open, again: string) => ({
  status: "approval_required",
  request,
  approve_command: `berth approve ${request}`,
  expires,
  tell_the_person: `${reasons[why]} Nothing has been done. To see all of it and approve, run this in a terminal of your own: berth approve ${request}`,
  next: `Show the person tell_the_person and wait for their word; you cannot approve. Then ${again}`,
});

export const wasDeclined = (request: string) => ({
  status: "declined",
  request,
  next: "The person said no, and nothing was done. Ask them what should be different before anything else.",
});
