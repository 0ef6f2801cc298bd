"""The answers of the paper questions once more, in another way: loops, fractions and the standard library."""

from __future__ import annotations

import cmath
import math
import statistics
from collections import defaultdict
from fractions import Fraction


def exact(value):
    """Decimal numbers as they are written, in lists of any depth."""
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    return Fraction(str(value))


def only(best, values):
    """The place of the smallest or largest value; there must be one alone."""
    values = list(values)
    winner = best(values)
    assert values.count(winner) == 1, f"a tie: {values}"
    return values.index(winner)


def squared(a, b):
    return sum((p - q) * (p - q) for p, q in zip(a, b, strict=True))


def mean(values):
    values = list(values)
    return sum(values, Fraction(0)) / len(values)


def mean_point(points):
    return [mean(column) for column in zip(*points, strict=True)]


def distance(a, b):
    return [math.dist(a, b) ** 2, math.dist(a, b)]


def nearest(point, candidates):
    found = [squared(point, candidate) for candidate in candidates]
    return [found, f"row {only(min, found)}"]


def variance(x):
    return [statistics.mean(x), statistics.pvariance(x), statistics.pstdev(x)]


def second_name(x, place, new):
    changed = list(x)
    changed[place] = new
    return [sum(changed), sum(x)]


def iteration(points, centroids):
    y = [only(min, [squared(x, mu) for mu in centroids]) + 1 for x in points]
    moved = [mean_point([x for x, c in zip(points, y, strict=True) if c == cluster]) for cluster in (1, 2)]
    assert moved[0] != centroids[0]
    assert moved[1] != centroids[1]
    return [y, *moved]


def wcss(points):
    """Each pair adds half of its squared distance."""
    a = Fraction(squared(points[0], points[1]) + squared(points[2], points[3]), 2)
    b = Fraction(squared(points[0], points[2]) + squared(points[1], points[3]), 2)
    return [a, b, f"grouping {'AB'[only(min, [a, b])]}"]


def plus_plus(points, chosen):
    centroids = [points[j - 1] for j in chosen]
    nearest_of = [min(squared(x, mu) for mu in centroids) for j, x in enumerate(points, 1) if j not in chosen]
    return [nearest_of, [Fraction(d, sum(nearest_of)) for d in nearest_of]]


def purity(counts, digits, asked, m):
    assert sum(map(sum, counts)) == m
    named = [only(max, row) for row in counts]
    assert sorted(named) == [0, 1, 2]
    column = digits.index(asked)
    cluster = named.index(column)
    right = counts[cluster][column]
    missed = sum(row[column] for row in counts) - right
    wrong = sum(counts[cluster]) - right
    shares = [Fraction(right, right + wrong), Fraction(right, right + missed)]
    return [Fraction(sum(map(max, counts)), m), [*shares, Fraction(2 * right, 2 * right + wrong + missed)]]


def silhouette(points, labels):
    lengths = defaultdict(list)
    for x, c in list(zip(points, labels, strict=True))[1:]:
        lengths[c].append(math.dist(points[0], x))
    means = {c: sum(d) / len(d) for c, d in lengths.items()}
    a, b = means[1], min(means[2], means[3])
    assert a != b
    s = 1 - a / b if a < b else b / a - 1
    return [a, b, s, f"cluster {only(min, [means[c] for c in (1, 2, 3)]) + 1}"]


def davies_bouldin(points, labels):
    groups = [[x for x, c in zip(points, labels, strict=True) if c == cluster] for cluster in (1, 2, 3)]
    centroids = [mean_point(exact(group)) for group in groups]
    s = [sum(math.dist(x, mu) for x in group) / len(group) for group, mu in zip(groups, centroids, strict=True)]
    r = {(i, j): (s[i] + s[j]) / math.dist(centroids[i], centroids[j]) for i in range(3) for j in range(3) if i != j}
    worst = [max(r[i, j] for j in range(3) if j != i) for i in range(3)]
    return [s, [r[0, 1], r[0, 2], r[1, 2]], sum(worst) / 3]


def elbow(ks, inertias, misfit, cluster):
    first, last = Fraction(inertias[0]), Fraction(inertias[-1])
    gaps = [first + (last - first) * (k - 1) / 4 - inertia for k, inertia in zip(ks, inertias, strict=True)]
    costs = [misfit * inertia + cluster * k for k, inertia in zip(ks, inertias, strict=True)]
    return [gaps[1:4], ks[only(max, gaps)], ks[only(min, costs)]]


def dunn(clusters):
    between = [abs(a - b) for i, one in enumerate(clusters) for other in clusters[:i] for a in one for b in other]
    within = [abs(a - b) for cluster in clusters for a in cluster for b in cluster]
    return [min(between), max(within), Fraction(min(between), max(within))]


def indexed_bytes(height, width, k):
    needed = (k - 1).bit_length()
    bits = min(b for b in (1, 2, 4, 8) if b >= needed)
    stored = (height * width * bits + 7) // 8 + 3 * k
    return [bits, stored, 100 * Fraction(3 * height * width - stored, 3 * height * width)]


def psnr(values, copy, times):
    mse = Fraction(squared(values, copy), 4)
    return [mse, 20 * math.log10(255 / math.sqrt(mse)), 10 * math.log10(times)]


def weighted_centroid(colours, counts):
    pixels = [colour for colour, n in zip(colours, counts, strict=True) for _ in range(n)]
    mu = mean_point(pixels)
    return [mu, sum(squared(pixel, mu) for pixel in pixels)]


def puzzle(points, w1):
    bias, first, second = exact(w1)
    codes = [bias + first * a + second * b for a, b in points]
    assert len(set(codes)) == 3
    weights = []
    for axis in range(2):
        slope = (points[1][axis] - points[0][axis]) / (codes[1] - codes[0])
        offset = points[0][axis] - slope * codes[0]
        assert all(offset + slope * z == x[axis] for x, z in zip(points, codes, strict=True))
        weights.append([offset, slope])
    return [codes, *weights]


def reconstruction(points, w1, w2):
    w1, w2 = exact(w1), exact(w2)
    codes = [x[0] * w1[0] + x[1] * w1[1] for x in points]
    copies = [[z * w for w in w2] for z in codes]
    return [codes, copies[0] + copies[1], sum(squared(x, copy) for x, copy in zip(points, copies, strict=True))]


def step(x, w1, w2, code, eta):
    w1, w2, eta = exact(w1), exact(w2), exact(eta)
    z = x[0] * w1[0] + x[1] * w1[1]
    assert z == exact(code)

    def loss(z, v):
        return squared(x, [z * weight for weight in v])

    def slope(function, at):  # exact for a square
        return (function(at + 1) - function(at - 1)) / 2

    at_output = [slope(lambda value, a=a: (value - a) ** 2, z * v) for a, v in zip(x, w2, strict=True)]
    by_w2 = [slope(lambda v: loss(z, [v, w2[1]]), w2[0]), slope(lambda v: loss(z, [w2[0], v]), w2[1])]
    new = [v - eta * g for v, g in zip(w2, by_w2, strict=True)]
    return [at_output, by_w2, new, slope(lambda code: loss(code, w2), z)]


def angle(a, b):
    dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return [dot, dot / (math.hypot(*a) * math.hypot(*b)), math.atan2(math.hypot(*cross), dot)]


def l1(x, copies, codes, lam):
    losses = [
        squared(exact(x), exact(copy)) + exact(lam) * sum(map(abs, exact(code)))
        for copy, code in zip(copies, codes, strict=True)
    ]
    return [*losses, f"autoencoder {'AB'[only(min, losses)]}"]


def kl_sparsity(units, rho, beta):
    means = [mean(exact(unit)) for unit in units]

    def entropy(p, q):
        return -p * math.log(q) - (1 - p) * math.log(1 - q)

    divergences = [entropy(rho, q) - entropy(rho, rho) for q in means]
    return [means, divergences, beta * sum(divergences)]


def weights(side, wide, narrow):
    d = side**2
    assert wide > d > narrow
    many, few = (2 * d * units + units + d for units in (wide, narrow))
    return [many, few, Fraction(many, few)]


def strongest(a, kernel, bias, k):
    ranked = sorted(range(6), key=lambda j: a[j], reverse=True)
    assert len(set(a)) == 6
    kept = sorted(ranked[:k])
    outputs = [exact(bias)[i] + sum(exact(a)[j] * exact(kernel)[j][i] for j in kept) for i in range(2)]
    return [[j + 1 for j in kept], outputs]


def convolution(image, kernel, stride, asked):
    starts = [r for r in range(len(image)) if r % stride == 0 and r + 3 <= len(image)]

    def at(row, column):
        return sum(kernel[i][j] * image[row * stride + i][column * stride + j] for i in range(3) for j in range(3))

    return [[len(starts)] * 2, *(at(*place) for place in asked)]


def layers(shape, first, second):
    height, width, channels = shape
    answers = []
    for filters, size, stride in (first, second):
        height, width = len(range(0, height, stride)), len(range(0, width, stride))
        answers += [[height, width, filters], size**2 * channels * filters + filters]
        channels = filters
    return answers


def transposed(z, kernel, stride):
    spread = [0] * ((len(z) - 1) * stride + 1)
    spread[::stride] = z
    length = len(spread) + len(kernel) - 1
    found = [
        sum(spread[p - i] * weight for i, weight in enumerate(kernel) if 0 <= p - i < len(spread))
        for p in range(length)
    ]
    return [length, found]


def filters(image, clean):
    image, clean = exact(image), exact(clean)
    windows = [[image[r + i][c + j] for i in range(3) for j in range(3)] for r in range(2) for c in range(2)]
    medians, average = [statistics.median(window) for window in windows], mean(windows[0])
    off = [abs(medians[0] - clean), abs(average - clean)]
    return [medians, average, ("the median", "the mean")[only(min, off)]]


def gain(x, noisy, restored):
    before, after = (squared(exact(x), exact(copy)) / 5 for copy in (noisy, restored))
    return [[before, after], -10 * math.log10(before), 10 * (math.log10(before) - math.log10(after))]


def damage(n, ink, salted, masked):
    share = exact(salted)
    paper_changes, ink_changes = share * Fraction(1, 2), share * Fraction(1, 2)  # to 1, to 0
    changed = (n - ink) * paper_changes + ink * ink_changes
    return [changed, ink * exact(masked), -10 * math.log10(changed / n)]


def tuning(settings, validation, test):
    i, j = only(max, validation), only(max, test)
    assert i != j
    return [settings[i], test[i], exact(test[j]) - exact(test[i])]


def windows(n, size, stride, near, middle):
    every = [range(i, i + size) for i in range(n) if i + size <= n]
    some = every[::stride]
    covered = set().union(*some)
    holding = [sum(t in window for window in every) for t in (near, middle)]
    return [len(every), holding, [len(some), len(set(range(n)) - covered)]]


def scores(errors, threshold):
    held = defaultdict(list)
    for i, row in enumerate(errors):
        for j, error in enumerate(row):
            held[i + j].append(error)
    found = [mean(held[t]) for t in range(6)]
    assert threshold not in found
    return [found, sum(score > threshold for score in found)]


def events(faults, runs, gap):
    flagged = sorted({t for start, stop in runs for t in range(start, stop + 1)})
    alarms = [[flagged[0]]]
    for t in flagged[1:]:
        if t - alarms[-1][-1] - 1 <= gap:
            alarms[-1] += range(alarms[-1][-1] + 1, t + 1)
        else:
            alarms.append([t])
    spans = [set(range(start, stop + 1)) for start, stop in faults]
    right = sum(any(span & set(alarm) for span in spans) for alarm in alarms)
    met = [min((set().union(*map(set, alarms))) & span, default=None) for span in spans]
    found = sum(t is not None for t in met)
    precision, recall = Fraction(right, len(alarms)), Fraction(found, 4)
    delay = next(t - start for t, (start, _) in zip(met, faults, strict=True) if t is not None)
    return [len(alarms), [precision, recall, 2 / (1 / precision + 1 / recall)], delay]


def costs(missed, false, hours):
    total = [exact(hours) * m + f for m, f in zip(missed, false, strict=True)]
    return [total, ("0.5", "1", "1.5", "2")[only(min, total)]]


def kl_normal(mean, sigma):
    each = [math.log(1 / s) + (s * s + mu * mu) / 2 - 0.5 for mu, s in zip(mean, sigma, strict=True)]
    return [each, sum(each), math.log2(math.exp(sum(each)))]


def sampling(mean, log_variance, noise):
    sigma = [math.sqrt(math.exp(value)) for value in log_variance]
    z = [mu + s * e for mu, s, e in zip(mean, sigma, noise, strict=True)]
    h = 1e-20  # complex step: exact to the last digit
    slope = (mean[0] + cmath.exp((log_variance[0] + 1j * h) / 2) * noise[0]).imag / h
    return [sigma, z, slope]


def vae_loss(images, copies, kls, beta):
    errors = [squared(exact(x), exact(copy)) for x, copy in zip(images, copies, strict=True)]
    return [errors, mean(errors) + exact(beta) * mean(exact(kls))]


def walk(start, end):
    a, b = complex(*start), complex(*end)
    assert a.real * b.imag != a.imag * b.real  # not along one line
    second, middle = a + (b - a) / 4, (a + b) / 2
    return [[second.real, second.imag], [middle.real, middle.imag], abs(middle), (abs(a) + abs(b)) / 2]


def direction(codes, worn, base, amount):
    groups = [[code for code, w in zip(exact(codes), worn, strict=True) if w is value] for value in (True, False)]
    found = [p - q for p, q in zip(*map(mean_point, groups), strict=True)]
    return [found, [a + exact(amount) * d for a, d in zip(exact(base), found, strict=True)]]


def grad_cam_weights(maps, digit, head):
    alpha = [mean(value for row in rows for value in row) for rows in exact(maps)]
    return [alpha, f"map {only(max, alpha) + 1}", exact(head) / 4]


def heat_map(alpha, maps):
    alpha = exact(alpha)
    raw = [alpha[0] * maps[0][i][j] + alpha[1] * maps[1][i][j] for i in range(2) for j in range(2)]
    found = [max(value, Fraction(0)) for value in raw]
    assert max(found) > 0
    return [found, [value / max(found) for value in found], [max(-value, Fraction(0)) for value in raw]]


def softmax(scores, c):
    def p(shifted):
        powers = [cmath.exp(score) for score in shifted]
        return [power / sum(powers) for power in powers]

    h = 1e-20
    slopes = [p([s + 1j * h * (m == i) for i, s in enumerate(scores)])[c - 1].imag / h for m in range(3)]
    return [[value.real for value in p(scores)], slopes]


def pointing(heat, box):
    top, left, bottom, right = box
    inside = {(r, c) for r in range(top, bottom) for c in range(left, right)}
    values = [heat[r][c] for r in range(4) for c in range(4)]
    peak = divmod(only(max, values), 4)
    return [Fraction(sum(heat[r][c] for r, c in inside), sum(values)), "yes" if peak in inside else "no"]


BY_HAND = {
    "00-distance": distance,
    "00-nearest": nearest,
    "00-variance": variance,
    "00-second-name": second_name,
    "01-iteration": iteration,
    "01-wcss": wcss,
    "01-plus-plus": plus_plus,
    "01-purity": purity,
    "02-silhouette": silhouette,
    "02-davies-bouldin": davies_bouldin,
    "02-elbow": elbow,
    "02-dunn": dunn,
    "03-bytes": indexed_bytes,
    "03-psnr": psnr,
    "03-weighted-centroid": weighted_centroid,
    "04-puzzle": puzzle,
    "04-reconstruction": reconstruction,
    "04-step": step,
    "04-angle": angle,
    "05-l1": l1,
    "05-kl": kl_sparsity,
    "05-weights": weights,
    "05-strongest": strongest,
    "06-convolution": convolution,
    "06-layers": layers,
    "06-transposed": transposed,
    "07-filters": filters,
    "07-gain": gain,
    "07-damage": damage,
    "07-tuning": tuning,
    "08-windows": windows,
    "08-scores": scores,
    "08-events": events,
    "08-costs": costs,
    "09-kl": kl_normal,
    "09-sampling": sampling,
    "09-loss": vae_loss,
    "09-walk": walk,
    "09-direction": direction,
    "10-weights": grad_cam_weights,
    "10-heat-map": heat_map,
    "10-softmax": softmax,
    "10-pointing": pointing,
}
