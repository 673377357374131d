"""CLIP's frozen text encoder: prompts become unit embeddings. Its parts and its tokenizer are open_clip's.

That library, whose import takes longer than a score, is imported when prompts are really encoded.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from qualiclip.ambient import without_gradients
from qualiclip.checks import check_several
from qualiclip.errors import UsageError, WeightsError, shown

from .prompts import PromptPair

# Names of the text tower's parameters in CLIP's own state dict.
TEXT_PREFIXES = ("transformer.", "token_embedding.", "ln_final.")
TEXT_NAMES = ("positional_embedding", "text_projection")
HEAD_SIZE = 64  # of all CLIP text towers


def is_text_key(key: str) -> bool:
    """Whether a key of CLIP's state dict belongs to the text encoder."""
    return key in TEXT_NAMES or key.startswith(TEXT_PREFIXES)


class TextEncoder:
    """Text encoder of a CLIP state dict; its size is read off the shapes."""

    @without_gradients()
    def __init__(self, state: Mapping[str, Tensor]) -> None:
        """Take the text tower out of a state dict with CLIP's names, without prefix.

        Raises:
            WeightsError: if it holds no text encoder, or not all of it.
        """
        from open_clip.transformer import QuickGELU, TextTransformer

        own = {key: value.float() for key, value in state.items() if is_text_key(key)}
        try:
            vocabulary, width = own["token_embedding.weight"].shape
            self.tower = TextTransformer(
                context_length=len(own["positional_embedding"]),
                vocab_size=vocabulary,
                width=width,
                heads=width // HEAD_SIZE,
                layers=len({key.split(".")[2] for key in own if key.startswith("transformer.resblocks.")}),
                output_dim=own["text_projection"].shape[1],
                act_layer=QuickGELU,  # what CLIP was trained with; the exact GELU gives other embeddings
            ).float()
            self.tower.load_state_dict(own)
        except (KeyError, RuntimeError, ValueError) as error:
            raise WeightsError(f"no complete text encoder in these weights ({' '.join(str(error).split())})") from error
        self.tower.eval().requires_grad_(False)

    def _embed(self, tokens: Tensor, embeddings: Tensor) -> Tensor:
        """Unit embeddings (P, D) at the end-of-text token, the largest of each row of tokens (P, T)."""
        tower = self.tower
        hidden = tower.transformer(embeddings + tower.positional_embedding, attn_mask=tower.attn_mask)
        last = tower.ln_final(hidden)[torch.arange(len(tokens), dtype=torch.int64), tokens.argmax(dim=-1)]  # (P, width)
        return functional.normalize(last @ tower.text_projection, dim=-1)

    def _tokens(self, texts: Sequence[str]) -> Tensor:
        from open_clip import get_tokenizer

        tokens: Tensor = get_tokenizer("RN50", context_length=self.tower.context_length)(list(texts))  # (P, T)
        return tokens

    @without_gradients()
    def encode(self, texts: Sequence[str]) -> Tensor:
        """Unit embeddings (P, D) of texts.

        Raises:
            UsageError: if they are not a list of texts.
        """
        check_several("texts", texts)
        for text in texts:
            if not isinstance(text, str):
                raise UsageError(f"each of the texts must be a text, got {shown(text)}")
        tokens = self._tokens(texts)
        return self._embed(tokens, self.tower.token_embedding(tokens))

    @without_gradients()
    def encode_learned(self, texts: Sequence[str], contexts: Tensor) -> Tensor:
        """Unit embeddings (P, D) of texts put into the middle of learned context vectors (P, M, width).

        Source: pyiqa's QualiCLIP+; half of the context comes before the words, half after them.
        """
        plain, count = self._tokens(texts), contexts.shape[1]
        tokens = torch.zeros_like(plain)
        embeddings = []
        for row, (words, context) in enumerate(zip(plain, contexts, strict=True)):
            end = int(words.argmax())  # start, words, end of text, padding
            room = len(words) - end - count
            embedded = self.tower.token_embedding(words)
            before, after = context[: count // 2], context[count // 2 :]
            parts = (embedded[:1], before, embedded[1:end], after, embedded[end : end + room])
            embeddings.append(torch.cat(parts))  # (T, width)
            tokens[row, end + count] = words[end]
        return self._embed(tokens, torch.stack(embeddings))


def pair_features(encoded: Tensor) -> Tensor:
    """Embeddings (2·K, D), positive and negative in turn, as pairs (K, 2, D)."""
    return encoded.reshape(-1, 2, encoded.shape[1])


def texts_of(pairs: Sequence[PromptPair]) -> list[str]:
    """Prompts of pairs, positive and negative in turn."""
    return [text for pair in pairs for text in (pair.positive, pair.negative)]
