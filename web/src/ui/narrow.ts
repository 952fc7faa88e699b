/** Below this width the policy and what is known of it are shown in turn, as the style sheets have it. */
export const NARROW = "(max-width: 900px)";
