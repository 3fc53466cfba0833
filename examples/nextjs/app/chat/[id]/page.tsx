import { Suspense } from "react";
import { Conversation } from "./conversation";

export default function Page({ params }: { params: Promise<{ id: string }> }) {
  return <Suspense>{params.then(({ id }) => <Conversation id={id} />)}</Suspense>;
}
