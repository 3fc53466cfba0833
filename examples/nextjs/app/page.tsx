import { redirect } from "next/navigation";
import { connection } from "next/server";
import { Suspense } from "react";

export default function Page() {
  return <Suspense>{beginConversation()}</Suspense>;
}

/** Who has a conversation's id may read its newest answer, so it is hard to guess. */
async function beginConversation(): Promise<never> {
  await connection(); // a page made when Next.js is built would have one id for all
  redirect(`/chat/${crypto.randomUUID()}`);
}
