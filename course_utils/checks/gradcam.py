"""Checks of notebook 10, Grad-CAM: weights of the filters, the map, its scaling, the gradient of a softmax output."""

from __future__ import annotations

import numpy as np

from course_utils.checks.base import as_array, close, exercise, expect, from_tensor


@exercise(
    "10-weights",
    "importance_weights",
    hints=(
        "A filter's weight is its gradient, averaged over all places of the image.",
        "Four axes: images, rows, columns, filters. Images and filters stay; rows and columns disappear.",
        "NumPy takes the mean over several axes at once if `axis` is a tuple of their numbers, counted from 0.",
    ),
)
def weights(answer, rng):
    """Mean of the gradients over rows and columns, for each image and filter, the sign kept."""
    for n, rows, columns, filters in ((int(rng.integers(7, 10)), 5, 4, 6), (1, 3, 2, 5), (3, 3, 3, 3)):
        gradients = rng.normal(size=(n, rows, columns, filters)) + rng.normal(size=(n, 1, 1, filters))
        case = f"for {n} images, {rows} x {columns} places and {filters} filters"
        wanted = np.array([[image[:, :, k].sum() / (rows * columns) for k in range(filters)] for image in gradients])
        result = from_tensor(answer(gradients, case=case))
        only_first = "these are the weights of the *first* image: each image has weights of its own."
        whole_batch = "you average over the images too: each image has weights of its own."
        if _shape(result) == (filters,):
            expect(n > 1, f"{case} the axis of the images has gone, {(1, filters)} is wanted: is there a `squeeze`?")
            expect(not _same(result, wanted[0]), only_first)
            expect(False, whole_batch)
        for shape, message in (
            ((), "that is one number: the mean is over rows and columns alone, images and filters stay."),
            ((1, filters), only_first),
            (
                (n, 1, 1, filters),
                f"the two axes of the mean are still there, with length 1: {(n, filters)} is wanted. Drop `keepdims`.",
            ),
            ((n, rows, columns, filters), "every place still has a number of its own: the mean is missing."),
            ((n,), "each image has one number: you average over the filters too, but each filter has its weight."),
            ((n, rows, columns), "you average over the *filters*: average over the places, rows and columns."),
            ((n, columns, filters), "you average over the rows alone: over the columns too."),
            ((n, rows, filters), "you average over the columns alone: over the rows too."),
            ((n, rows), "the filters have gone and the rows are still there: axis 3 are the filters."),
            ((n, columns), "the filters have gone and the columns are still there: axis 3 are the filters."),
            ((columns, filters), "the images have gone and the columns are still there: axis 0 are the images."),
            ((rows, filters), "the images have gone and the rows are still there: axis 0 are the images."),
            ((rows, columns, filters), "you average over the *images*: average over the places, rows and columns."),
            ((rows, columns), "images and filters have gone: they should stay, and rows and columns go."),
            ((filters, n), f"a row for each *image* is wanted, {(n, filters)}, yours is {(filters, n)}: transpose it."),
        ):
            expect(_shape(result) != shape or shape == (n, filters), message)
        found = as_array(result, (n, filters), f"the result {case}")
        expect(np.isfinite(found).all(), "some weights are nan or infinite: a mean of numbers is a number.")
        places = (1, 2)
        totals = wanted * rows * columns
        for other, message in (
            (totals, "these are sums over the places: divide by how many there are."),
            (totals / columns, "over the rows you take the sum: take the mean over both."),
            (totals / rows, "over the columns you take the sum: take the mean over both."),
            (totals / n, "you divide by the number of images: divide by the number of places."),
            (totals / filters, "you divide by the number of filters: divide by the number of places."),
            (totals / gradients.size, "you divide by the number of all gradients: divide by the number of places."),
            (gradients.max(axis=places), "that is the largest gradient of each filter: take the mean."),
            (gradients.min(axis=places), "that is the smallest gradient of each filter: take the mean."),
            (np.abs(gradients).max(axis=places), "that is the largest gradient of each filter: take the mean."),
            (np.median(gradients, axis=places), "that is the median: take the mean."),
            (np.abs(gradients).mean(axis=places), "you drop the signs before the mean: gradients may cancel."),
            (np.abs(wanted), "you drop the sign of the mean: a filter may speak *against* the class."),
            (
                np.maximum(gradients, 0).mean(axis=places),
                "the negative gradients are set to 0 before the mean: they count. The ReLU comes later, on the map.",
            ),
            (
                np.maximum(wanted, 0),
                "negative weights are set to 0: a filter may speak *against* the class. The ReLU comes later, on the "
                "map.",
            ),
            (-wanted, "the sign is reversed: these weights would speak against the class."),
            ((gradients**2).mean(axis=places), "the gradients are squared: take the mean of themselves."),
            (gradients[:, 0, 0], "these are the gradients of one place, the upper left one: take the mean over all."),
            (np.broadcast_to(wanted[0], wanted.shape), only_first),
            (np.broadcast_to(wanted.mean(axis=0), wanted.shape), whole_batch),
            (
                np.broadcast_to(wanted.mean(axis=1, keepdims=True), wanted.shape),
                "all filters of an image have the same weight: you average over the filters too.",
            ),
            (
                gradients.reshape(n, filters, -1).mean(axis=2),
                "a reshape does not move axes: the filters come last, so your rows mix them.",
            ),
            (
                wanted / np.maximum(np.linalg.norm(wanted, axis=1, keepdims=True), 1e-9),
                "each image's weights are scaled to length 1: leave them as they are.",
            ),
            (
                wanted / np.maximum(np.abs(wanted).max(axis=1, keepdims=True), 1e-9),
                "each image's weights are scaled: leave them as they are.",
            ),
        ):
            expect(_same(found, wanted) or not _same(found, other), message)
        i, k = np.unravel_index(np.abs(found - wanted).argmax(), wanted.shape)
        expect(
            _same(found, wanted),
            f"{case}, filter {k} of image {i} should have the weight {wanted[i, k]:.3f}; yours is {found[i, k]:.3f}.",
        )


@exercise(
    "10-map",
    "class_map",
    hints=(
        "Multiply each filter's activations by its weight, add up over the filters; then, what is negative becomes 0.",
        "The weights (n, filters) need two more axes, (n, 1, 1, filters), so that each image meets its own weights.",
        "Indexing with `None` inserts an axis. The sum is over the last axis; `np.maximum` of that sum and 0 is the "
        "ReLU.",
    ),
)
def class_map(answer, rng):
    """ReLU of the weighted sum over the filters, each image with its own weights."""
    m = int(rng.integers(4, 7))
    for n, rows, columns, filters, signed in (
        (m, m, m, 3, True),  # here weights along the wrong axis raise no error
        (5, 5, 3, 4, True),
        (3, 4, 5, 2, False),
        (4, 3, 4, 5, False),
        (1, 4, 6, 3, True),
    ):
        activations, alpha = rng.normal(size=(n, rows, columns, filters)), rng.normal(size=(n, filters))
        activations = activations if signed else np.abs(activations)
        case = f"for {n} images, {rows} x {columns} places and {filters} filters"
        total = np.array([np.tensordot(a, w, axes=1) for a, w in zip(activations, alpha, strict=True)])
        wanted = np.where(total > 0, total, 0)
        result = from_tensor(answer(activations, alpha, case=case))
        for shape, message in (
            (
                (n, rows, columns, filters),
                "each filter still has a map of its own: sum over the filters, the last axis.",
            ),
            (
                (n, rows, columns, 1),
                "the filters' axis is still there, with length 1: leave `keepdims` out of the sum.",
            ),
            ((n, rows, columns, n), "each image is combined with the weights of all images: use its own alone."),
            ((n, filters), "you sum over the places: sum over the filters, the last axis; the places stay."),
            (
                (rows, columns),
                "that is one map: each image has a map of its own."
                if n > 1
                else f"{case} the axis of the images has gone, {wanted.shape} is wanted: is there a `squeeze`?",
            ),
            ((n,), "each image has one number: the sum is over the filters alone, the places stay."),
            ((n, columns, filters), "you sum over the rows: sum over the filters, the last axis."),
            ((n, rows, filters), "you sum over the columns: sum over the filters, the last axis."),
            ((rows, columns, filters), "you sum over the images: sum over the filters, the last axis."),
            ((), "that is one number: the sum is over the filters alone, images and places stay."),
        ):
            expect(_shape(result) != shape or shape == wanted.shape, message)
        found = as_array(result, wanted.shape, f"the result {case}")
        expect(np.isfinite(found).all(), "some values are nan or infinite: sums and products of numbers are numbers.")
        others = [
            (total, "some values are negative: the ReLU is missing, what is below 0 should become 0."),
            (np.abs(total), "that is the absolute value of the sum: the ReLU makes negative values 0, not positive."),
            (
                np.maximum(activations * alpha[:, None, None], 0).sum(axis=-1),
                "the ReLU is taken of each filter's term: filters against the class count too. First sum, then ReLU.",
            ),
            (
                np.abs(activations * alpha[:, None, None]).sum(axis=-1),
                "you drop the signs of the terms before the sum.",
            ),
            (np.maximum(-total, 0), "the sign is reversed: this shows what speaks *against* the class."),
            (np.minimum(total, 0), "you keep the *negative* values: the ReLU keeps the positive ones."),
            (
                wanted / np.maximum(wanted.max(axis=(1, 2), keepdims=True), 1e-9),
                "each map is scaled to its largest value: here leave it as it is.",
            ),
            (wanted / np.maximum(wanted.max(), 1e-9), "the maps are scaled: here leave them as they are."),
            (
                np.maximum(activations * alpha[:, None, None], 0).max(axis=-1),
                "that is the largest term: add up the terms of all filters.",
            ),
            (
                (activations * alpha[:, None, None]).max(axis=-1),
                "that is the largest term: add up the terms of all filters.",
            ),
        ]

        def combine(a, w):
            return (a * w).sum(axis=-1)

        for raw, message in (
            (
                combine(activations, np.maximum(alpha, 0)[:, None, None]),
                "the ReLU is taken of the weights: filters against the class count too. First sum, then ReLU.",
            ),
            (combine(activations, np.abs(alpha)[:, None, None]), "you drop the signs of the weights: they count."),
            (
                combine(np.maximum(activations, 0), alpha[:, None, None]),
                "the ReLU is taken of the activations: leave them as they are. First sum, then ReLU.",
            ),
            (total / filters, "that is the mean over the filters: take the sum."),
            (combine(activations, alpha[0]), "all images have the weights of the *first* one: each has its own."),
            (combine(activations, 1), "the weights are missing: all filters count the same."),
            (combine(activations, 1) / filters, "the weights are missing: all filters count the same."),
            (
                combine(activations, alpha.mean(axis=0)),
                "all images have the mean weights of the batch: each has its own.",
            ),
            (
                combine(activations, alpha) if n == columns else total,
                "the weights run along the *columns* of each image: weights[i] belongs to image i. Insert two axes.",
            ),
            (
                combine(activations, alpha[:, None]) if n == rows else total,
                "the weights run along the *rows* of each image: weights[i] belongs to image i. Insert two axes.",
            ),
        ):
            raw = np.broadcast_to(raw, total.shape)
            others += [(np.maximum(raw, 0), message)]
            others += [(raw, message)] if not _same(raw, total) else []
        for other, message in others:
            expect(_same(found, wanted) or not _same(found, other), message)
        expect(found.min() >= 0, f"no value should be negative, yours go to {found.min():.3f}: the ReLU comes last.")
        place = np.unravel_index(np.abs(found - wanted).argmax(), wanted.shape)
        i, row, column = (int(k) for k in place)
        expect(
            _same(found, wanted),
            f"{case}, place ({row}, {column}) of image {i} should have {wanted[place]:.3f}; yours has "
            f"{found[place]:.3f}.",
        )


@exercise(
    "10-scale",
    "scale_for_display",
    hints=(
        "Each map has a largest value of its own, which should become 1. And if it is 0?",
        "With `keepdims=True` the largest values have the shape (n, 1, 1), so that each meets its own map.",
        "`np.divide` divides only where its `where` is true; elsewhere the result keeps what its `out` held before. "
        "Begin with zeros there.",
    ),
)
def scale(answer, rng):
    """Each map divided by its largest value, within 0.001 even if this is 1e-6; a map of zeros stays zero."""
    n = int(rng.integers(4, 7))
    for shape in ((n, n, n), (n, 5, 8), (1, 3, 4)):  # in the first, largest values along a wrong axis raise no error
        maps = _positive_maps(rng, shape, np.geomspace(0.2, 40, shape[0]))
        case = f"for {shape[0]} maps of {shape[1]} x {shape[2]}"
        wanted, found = _scaled(maps), _scaled_by(answer, maps, case)
        expect(np.isfinite(found).all(), f"some values {case} are nan or infinite, and no map is zero here.")
        largest, smallest = (choose(maps, axis=(1, 2), keepdims=True) for choose in (np.max, np.min))
        others = [
            (maps, "the maps come back as they were: divide each by its largest value."),
            (maps / maps.max(), "you divide by the largest value of *all* maps: each map has its own."),
            (
                (maps - smallest) / (largest - smallest),
                "the smallest value of each map is pulled to 0: only divide, so that what was positive stays positive.",
            ),
            ((maps - maps.min()) / np.ptp(maps), "the smallest value of all maps is pulled to 0: only divide."),
            (maps - smallest, "you subtract the smallest value: divide by the largest."),
            (maps / maps.sum(axis=(1, 2), keepdims=True), "you divide by the sum of each map: by its largest value."),
            (maps / maps.sum(), "you divide by the sum of all maps: each by its own largest value."),
            (maps / maps.mean(axis=(1, 2), keepdims=True), "you divide by the mean of each map: by its largest value."),
            (
                maps / np.sqrt((maps**2).sum(axis=(1, 2), keepdims=True)),
                "you divide by the length of each map: by its largest value.",
            ),
            (maps / smallest, "you divide by the *smallest* value of each map: by its largest."),
            (maps / maps.max(axis=0), "you divide by the largest value at each place: take that of each *map*."),
            (
                maps / maps.max(axis=1, keepdims=True),
                "each column is divided by its own largest value: take that of the whole map.",
            ),
            (
                maps / maps.max(axis=2, keepdims=True),
                "each row is divided by its own largest value: take that of the whole map.",
            ),
            (np.minimum(maps, 1), "values above 1 are cut off: divide instead."),
            (maps / 255, "you divide by 255: by the largest value of each map."),
            (255 * wanted, "the largest value becomes 255: it should be 1."),
            (1 - wanted, "the maps are turned round: the largest value should become 1, not 0."),
            (maps * largest, "you multiply by the largest value: divide."),
        ]
        if shape == (n, n, n):
            message = "each belongs to a map, so they need the shape (n, 1, 1)."
            others += [
                (maps / largest.ravel(), f"the largest values run along the *columns*: {message}"),
                (maps / largest[:, 0], f"the largest values run along the *rows*: {message}"),
            ]
        for other, message in others:
            expect(_same(found, wanted) or not _same(found, other), message)
        added = largest[0] / found[0].max() - largest[0] if found[0].max() > 0 else 0  # to the first denominator
        expect(
            _same(found, wanted) or not _same(found, maps / (largest + added)),
            f"the largest value of a map becomes {found.max(axis=(1, 2)).min():.4f}, not 1: what you add to the "
            "denominator is too large.",
        )
        i = int(np.abs(found - wanted).max(axis=(1, 2)).argmax())
        expect(found[i].min() >= 0, f"map {i} gets negative values, down to {found[i].min():.3f}: only divide.")
        expect(
            abs(found[i].max() - 1) < 1e-3,
            f"the largest value of map {i} should become 1, yours is {found[i].max():.3f}.",
        )
        expect(_same(found, wanted), f"map {i} is not in proportion any more: divide all its values by one number.")
    for count, zeros in ((5, [int(rng.integers(1, 5))]), (4, [0, 2]), (1, [0])):
        maps = _positive_maps(rng, (count, 6, 7), np.geomspace(0.2, 40, count))
        maps[zeros] = 0
        case = f"for {count} maps, {len(zeros)} of zeros"
        found = _scaled_by(answer, maps, case)
        blank = found[zeros]
        expect(not np.isnan(blank).any(), "a map of zeros becomes nan, 0 divided by 0: it should stay zero.")
        expect(np.isfinite(blank).all(), "a map of zeros becomes infinite: it should stay zero.")
        expect(not (blank == 1).all(), "a map of zeros becomes ones: it should stay zero, it shows nothing.")
        place = np.unravel_index(np.abs(blank).argmax(), blank.shape)
        expect(
            (blank == 0).all(),
            f"a map of zeros should stay zero, yours holds {blank[place]:.3g}: with `where`, `np.divide` leaves the "
            "other places as they happen to be in memory, unless `out` says what they are.",
        )
        expect(
            _same(found, _scaled(maps)),
            f"{case}, the *other* maps are wrong: the largest value of each should still become 1.",
        )
    maps = _positive_maps(rng, (3, 5, 4), [1e-6, 2.0, 1e-6])
    found = _scaled_by(answer, maps, "for maps with the largest value 1e-6")
    peak = found[0].max()
    expect(
        peak > 1e-5,
        f"a map with the largest value 1e-6 becomes one with the largest value {peak:.3g}, as if it were a map of "
        "zeros: only 0 itself is 0.",
    )
    expect(
        abs(peak - 1) < 1e-3,
        f"a map with the largest value 1e-6 reaches {peak:.3f}, not 1 (within 0.001): what you add to the denominator "
        "is too large. Treat 0 apart, and add nothing.",
    )
    expect(close(found, _scaled(maps), 1e-3), "maps with the largest value 1e-6 are not in proportion any more.")


@exercise(
    "10-softmax",
    "softmax_gradient",
    hints=(
        "With the softmax outputs p: if the score of c rises, p_c rises by p_c (1 - p_c) times as much; if another "
        "score s_k rises, p_c falls by p_c p_k times as much.",
        "Both in one: p_c times (1 for c itself, 0 for the others, minus p_k). p_c is one number for each image.",
        "`p[np.arange(n), c]` picks p_c from each row, and row c of the identity matrix, `np.eye(classes)`, has its 1 "
        "at c.",
    ),
)
def softmax_gradient(answer, rng):
    """Gradient of one softmax output by all scores, against central differences."""
    k = int(rng.integers(4, 6))
    for n, classes in ((k, k), (int(rng.integers(6, 9)), 4), (3, 5), (1, 3), (4, 2)):
        scores = np.clip(rng.normal(0, 1.2, size=(n, classes)) + rng.normal(size=(n, 1)), -8, 8)
        c = (np.arange(n) + rng.integers(1, classes)) % classes  # never the image's own number
        case = f"for {n} images and {classes} classes"
        wanted = _slopes(scores, c)
        result = from_tensor(answer(scores, c, case=case))
        one_row = f"that is one row: each image has its own gradient, {(n, classes)}."
        if _shape(result) == (classes,):
            expect(not any(_same(result, row) for row in (wanted[0], wanted.mean(axis=0), wanted.sum(axis=0))), one_row)
        for shape, message in (
            (
                (n, classes, classes),
                f"you return the gradients of *all* outputs: only that of class c is wanted, {(n, classes)}.",
            ),
            ((n,), "each image has one number: its gradient has an entry for *each* score, not only for that of c."),
            ((n, 1), "each image has one number: its gradient has an entry for *each* score, not only for that of c."),
            ((classes,), one_row),
            ((1, classes), one_row),
            ((n, n), "`p[:, c]` takes the columns c of *every* row: from each row one number is wanted."),
            ((), f"that is one number: each image has an entry for each score, {(n, classes)}."),
        ):
            expect(_shape(result) != shape or shape == wanted.shape, message)
        found = as_array(result, wanted.shape, f"the result {case}")
        expect(np.isfinite(found).all(), "some values are nan or infinite: these scores are small enough for np.exp.")
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        one = np.zeros((n, classes))
        one[np.arange(n), c] = 1
        p_c = (p * one).sum(axis=1, keepdims=True)
        down = np.exp(scores) / np.exp(scores).sum(axis=0)
        best = p.argmax(axis=1)
        logistic = 1 / (1 + np.exp(-scores))
        for other, message in (
            (one - p, "that is the gradient of log(p_c): of p_c itself it is p_c times as large."),
            (p - one, "that is the gradient of the cross-entropy, -log(p_c): the gradient of p_c itself is wanted."),
            (
                p_c * (1 - p_c) * one,
                "the entries of the other classes are 0: if another score rises, p_c falls, because all outputs "
                "together are 1.",
            ),
            (
                p * (1 - p),
                "that is p_k (1 - p_k) for every class k, each output by its own score: the output of c by all scores "
                "is wanted.",
            ),
            (-wanted, "the sign is reversed: if the score of c rises, p_c rises."),
            (
                p * (one - p),
                "the factor in front is p_k, of each entry's own class: it should be p_c, one number for the image.",
            ),
            (p_c * (one - p_c), "for the other classes p_c is subtracted: it should be p_k, of the entry's own class."),
            (-p_c * p, "the entry of c itself is wrong: there, 1 is missing, p_c (1 - p_c)."),
            (p, "that is the softmax itself: its gradient is wanted."),
            (p * one, "that is p_c itself: its gradient is wanted."),
            (one, "that is the gradient of the score s_c: the gradient of its softmax output is wanted."),
            (one - p_c, "the entries of the other classes are wrong, and the factor p_c is missing."),
            (p_c**2 * (one - p), "the factor p_c is there twice."),
            (logistic * (1 - logistic) * one, "that is the gradient of a sigmoid: in a softmax all scores take part."),
            (logistic * (1 - logistic), "that is the gradient of a sigmoid: in a softmax all scores take part."),
            (
                (down * one).sum(axis=1, keepdims=True) * (one - down),
                "your softmax goes over the images, axis 0: the outputs of one *image* together are 1, axis 1.",
            ),
            (
                _gradient(np.exp(scores) / np.exp(scores).sum(), c),
                "your softmax goes over the whole batch: the outputs of one *image* together are 1, axis 1.",
            ),
            (
                _gradient(np.exp(scores), c),
                "your outputs are np.exp(scores), not yet divided by their sum over the classes.",
            ),
            (
                _gradient(scores, c),
                "you take the scores for the softmax outputs: these are p, exponentials divided by their sum.",
            ),
            (_gradient(p, np.full(n, c[0])), "all images have the class of the *first* one: use c[i] for image i."),
            (_gradient(p, best), "you take the class with the largest score: use c."),
            (
                p[:, c] * (one - p) if n == classes else wanted,
                "`p[:, c]` takes the columns c of *every* row: from each row one number is wanted.",
            ),
            (
                p_c.ravel() * (one - p) if n == classes else wanted,
                "p_c runs along the classes: it belongs to the images, so it needs the shape (n, 1).",
            ),
            (np.broadcast_to(wanted.mean(axis=0), wanted.shape), "you average over the images: each has its own."),
        ):
            expect(_same(found, wanted) or not _same(found, other), message)
        size = 1e-4 * np.abs(wanted).max()
        own = found[np.arange(n), c]
        expect(own.min() >= -size, "if the score of c rises, p_c rises: the entry of c should not be negative.")
        expect(
            np.where(one == 1, 0, found).max() <= size,
            "if the score of *another* class rises, p_c falls: the entries of other classes should not be positive.",
        )
        total = found.sum(axis=1)
        i = int(np.abs(total).argmax())
        expect(
            abs(total[i]) < classes * size,
            f"if all scores of an image rise alike, its softmax stays: the entries should add up to 0. Yours of image "
            f"{i} add up to {total[i]:.3f}.",
        )
        right = (p_c * (1 - p_c)).ravel()
        i = int(np.abs(own - right).argmax())
        expect(
            abs(own[i] - right[i]) < 2 * size,
            f"the entry of c itself should be p_c (1 - p_c): {right[i]:.4f} for image {i}; yours is {own[i]:.4f}.",
        )
        i, k = (int(j) for j in np.unravel_index(np.abs(found - wanted).argmax(), wanted.shape))
        expect(
            _same(found, wanted),
            f"{case}, raise and lower score {k} of image {i} a little: p_c changes {wanted[i, k]:.4f} times as much. "
            f"Your entry is {found[i, k]:.4f}.",
        )


def _positive_maps(rng, shape, largest):
    """Maps without zeros, each with its largest value."""
    maps = rng.uniform(0.1, 1, size=shape)
    return maps / maps.max(axis=(1, 2), keepdims=True) * np.reshape(largest, (-1, 1, 1))


def _scaled(maps):
    return np.array([one / one.max() if one.any() else one for one in maps])


def _scaled_by(answer, maps, case):
    """The student's scaled maps, of the right shape."""
    n = len(maps)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = from_tensor(answer(maps, case=case))
    zeros = int((maps == 0).all(axis=(1, 2)).sum())
    for shape, message in (
        ((n,), "these are numbers, one for each map: the scaled *maps* are wanted."),
        ((n, 1, 1), "these are the largest values, one for each map: the scaled *maps* are wanted."),
        ((), "that is one number: the scaled *maps* are wanted."),
        (maps.shape[1:], "that is one map: all maps are wanted."),
        ((n - zeros, *maps.shape[1:]), "a map of zeros is left out: it should stay, as a map of zeros."),
    ):
        expect(_shape(result) != shape or shape == maps.shape, message)
    return as_array(result, maps.shape, f"the result {case}")


def _slopes(scores, c, step=1e-5):
    """Central differences of the softmax output of class c."""

    def output(moved):
        return np.array([np.exp(row[j]) / sum(np.exp(row)) for row, j in zip(moved, c, strict=True)])

    steps = step * np.eye(scores.shape[1])
    return np.stack([(output(scores + e) - output(scores - e)) / (2 * step) for e in steps], axis=1)


def _gradient(p, c):
    """The right formula, on what may be wrong outputs or classes."""
    found = -p[np.arange(len(p)), c][:, None] * p
    found[np.arange(len(p)), c] += p[np.arange(len(p)), c]
    return found


def _shape(value):
    """The shape of a number or an array, None of anything else."""
    return np.shape(value) if isinstance(value, np.ndarray | np.generic | float | int) else None


def _same(found, wanted):
    """Whether they agree in single precision."""
    return close(found, wanted, 1e-4)
