from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights and tokenizer of a very small BERT."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    import transformers

    torch.manual_seed(0)
    source = tmp_path_factory.mktemp("tiny")
    letters = [f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz0123456789"]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *letters]
    (source / "vocab.txt").write_text("\n".join([*words, "pain", "knee", "heart", "attack"]))
    transformers.BertTokenizerFast(vocab=str(source / "vocab.txt")).save_pretrained(source)
    config = transformers.BertConfig(
        vocab_size=len(words) + 4,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    transformers.BertModel(config).save_pretrained(source)
    return source
