"""What the training is measured by, all on the held-out last 20 % of the stream."""
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from electricity import Scale


def baselines(train, held_out):
    """Accuracy on the held-out rows of what needs no network, by name."""
    return {
        "majorityClass": majority_class(train, held_out),
        "logisticRegression": logistic_regression(train, held_out),
        "sameAsLastLabel": same_as_last_label(train, held_out),
    }


def majority_class(train, held_out):
    """Always the label that was the more frequent one in training."""
    majority = train.labels.mean() >= 0.5
    return float((held_out.labels == majority).mean())


def same_as_last_label(train, held_out):
    """The label of the half-hour before, which is none of the six columns."""
    previous = [train.labels[-1], *held_out.labels[:-1]]
    return float((held_out.labels == previous).mean())


def logistic_regression(train, held_out):
    """The six columns as they are, standardised on the training part."""
    scale = Scale.of(train.columns)
    inputs, labels = scale(train.columns), torch.from_numpy(train.labels).float()
    model = torch.nn.Linear(inputs.shape[1], 1)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = binary_cross_entropy_with_logits(model(inputs).squeeze(1), labels)
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        rising = model(scale(held_out.columns)).squeeze(1) > 0
    return float((rising.numpy() == held_out.labels).mean())
