/** A model as somebody wishes for it, and what is still missing before it can be asked for. */

export interface ModelWish {
  organisation: string;
  name: string;
  anchor: string;
  purpose: string;
  experts: string[];
  topK: number;
  onWithdrawal: "recompose" | "close";
  tuning: boolean;
}

export type WishFaults = { [K in keyof ModelWish]?: string };

const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

export function unsaid(wish: ModelWish): WishFaults {
  const found: WishFaults = {};
  if (!wish.organisation) found.organisation = "Choose the organisation that will use it.";
  if (!NAME.test(wish.name)) found.name = "Use small letters, digits and hyphens, at most 40.";
  if (!wish.anchor) found.anchor = "Choose the public model to start from.";
  if (!wish.purpose) found.purpose = "Say what the model is for.";
  if (wish.experts.length === 0) found.experts = "Choose at least one expert.";
  return found;
}
