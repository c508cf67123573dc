// The little of Turbo that we call; the package ships no types of its own.
declare module "@hotwired/turbo" {
  export const config: { drive: { progressBarDelay: number } };
  export const StreamActions: Record<string, (this: StreamElement) => void>;
  export interface StreamElement extends HTMLElement {
    readonly targetElements: Element[];
    readonly templateContent: DocumentFragment;
  }
  export const session: { refresh(url: string): void };
  export function visit(location: string, options?: { action?: "advance" | "replace" }): void;
}
