//! The ways to ask GBM for a buffer, the best first.
//!
//! A driver that knows modifiers wants the list of all that are acceptable; one that does not can
//! only be asked without, which is right where the tiling may stay its secret, or where a flag can
//! ask for a linear buffer.
//!
//! Spec: `gbm_bo_create_with_modifiers2()` in `src/gbm/main/gbm.c` of Mesa.

use gbm_sys::gbm_bo_flags;

use crate::allocator::Request;
use crate::format::Modifier;
use crate::format::ModifierCode;
use crate::format::Usage;

/// One way to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::allocator::gbm) enum Step {
    /// With a list of modifiers and flags.
    ModifiersAndFlags { modifiers: Vec<u64>, flags: u32 },
    /// With a list of modifiers, as older drivers know it.
    Modifiers { modifiers: Vec<u64> },
    /// With flags alone.
    Flags { flags: u32 },
}

impl Step {
    /// The function that is called.
    pub(in crate::allocator::gbm) const fn call(&self) -> &'static str {
        match self {
            Self::ModifiersAndFlags { .. } => "gbm_bo_create_with_modifiers2",
            Self::Modifiers { .. } => "gbm_bo_create_with_modifiers",
            Self::Flags { .. } => "gbm_bo_create",
        }
    }

    const fn is_linear_by_flag(&self) -> bool {
        matches!(self, Self::Flags { flags } if *flags & gbm_bo_flags::GBM_BO_USE_LINEAR != 0)
    }
}

/// All ways to ask for an image, none if no modifier is left.
pub(in crate::allocator::gbm) fn steps(request: &Request) -> Vec<Step> {
    let for_cpu = request.is_for(Usage::Cpu);
    let modifiers: Vec<u64> = request
        .explicit_modifiers()
        .filter(|code| !for_cpu || Modifier::Explicit(*code).is_linear())
        .map(ModifierCode::get)
        .collect();
    let flags = flags(request);
    let is_linear_alone = modifiers == [Modifier::LINEAR.to_raw()];
    let is_implicit_allowed = request.allows(Modifier::Implicit);
    let mut steps = Vec::new();
    if !modifiers.is_empty() {
        steps.push(Step::ModifiersAndFlags { modifiers: modifiers.clone(), flags });
        steps.push(Step::Modifiers { modifiers });
    }
    if is_linear_alone || (is_implicit_allowed && for_cpu) {
        steps.push(Step::Flags { flags: flags | gbm_bo_flags::GBM_BO_USE_LINEAR });
    }
    if is_implicit_allowed && !for_cpu {
        steps.push(Step::Flags { flags });
    }
    steps
}

/// Sampling has no flag; a buffer that can be rendered to can be sampled from.
fn flags(request: &Request) -> u32 {
    let scan_out =
        if request.is_for(Usage::ScanOut) { gbm_bo_flags::GBM_BO_USE_SCANOUT } else { 0 };
    gbm_bo_flags::GBM_BO_USE_RENDERING | scan_out
}

/// The modifier of the image that was made, from what its buffer reports; the wrong one is given
/// back.
///
/// A buffer that was asked for without a list may say more than was asked: that it is linear, which
/// everybody understands. Other tilings are for those who listed them.
pub(in crate::allocator::gbm) fn settle(
    step: &Step,
    reported: Modifier,
    request: &Request,
) -> Result<Modifier, Modifier> {
    if request.allows(reported) {
        return Ok(reported);
    }
    if step.is_linear_by_flag() && reported == Modifier::Implicit {
        return Ok(Modifier::LINEAR);
    }
    match step {
        Step::Flags { .. } if reported.is_linear() => Ok(reported),
        Step::Flags { .. } if request.allows(Modifier::Implicit) => Ok(Modifier::Implicit),
        _ => Err(reported),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Fourcc;

    const TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);
    const RENDERING: u32 = gbm_bo_flags::GBM_BO_USE_RENDERING;
    const LINEAR: u32 = gbm_bo_flags::GBM_BO_USE_LINEAR;

    fn request<const N: usize>(modifiers: [Modifier; N]) -> Request {
        Request::new(64, 64, Fourcc::XRGB8888).modifiers(modifiers)
    }

    fn with(modifiers: &[Modifier]) -> [Step; 2] {
        let modifiers: Vec<u64> = modifiers.iter().map(|modifier| modifier.to_raw()).collect();
        [
            Step::ModifiersAndFlags { modifiers: modifiers.clone(), flags: RENDERING },
            Step::Modifiers { modifiers },
        ]
    }

    #[test]
    fn steps_of_each_list_are_those_it_allows() {
        let flags = |flags| Step::Flags { flags };
        let cases = [
            (request([]), vec![]),
            (request([TILED]), with(&[TILED]).to_vec()),
            (request([TILED, Modifier::LINEAR]), with(&[TILED, Modifier::LINEAR]).to_vec()),
            (
                request([Modifier::LINEAR]),
                [&with(&[Modifier::LINEAR])[..], &[flags(RENDERING | LINEAR)]].concat(),
            ),
            (request([Modifier::Implicit]), vec![flags(RENDERING)]),
            (
                request([TILED, Modifier::Implicit]),
                [&with(&[TILED])[..], &[flags(RENDERING)]].concat(),
            ),
        ];
        for (request, expected) in cases {
            assert_eq!(steps(&request), expected, "{request:?}");
        }
    }

    #[test]
    fn steps_for_the_cpu_are_linear() {
        let cpu = |modifiers| request::<2>(modifiers).usage(Usage::Cpu);
        let by_flag = [Step::Flags { flags: RENDERING | LINEAR }];
        let expected = [&with(&[Modifier::LINEAR])[..], &by_flag].concat();
        assert_eq!(steps(&cpu([TILED, Modifier::LINEAR])), expected);
        assert_eq!(steps(&cpu([TILED, Modifier::Implicit])), by_flag);
    }

    #[test]
    fn steps_for_scan_out_have_the_flag() {
        let scan_out = request([Modifier::Implicit]).usage(Usage::ScanOut);
        let flags = RENDERING | gbm_bo_flags::GBM_BO_USE_SCANOUT;
        assert_eq!(steps(&scan_out), [Step::Flags { flags }]);
    }

    #[test]
    fn settle_takes_what_was_asked_for_and_no_other_tiling() {
        let [listed, _] = with(&[TILED]);
        let by_flags = Step::Flags { flags: RENDERING };
        let by_linear_flag = Step::Flags { flags: RENDERING | LINEAR };
        let (implicit, linear) = (Modifier::Implicit, Modifier::LINEAR);
        let cases = [
            (&listed, TILED, request([TILED]), Ok(TILED)),
            (&listed, linear, request([TILED]), Err(linear)),
            (&listed, implicit, request([TILED]), Err(implicit)),
            (&listed, implicit, request([TILED, implicit]), Ok(implicit)),
            (&by_flags, implicit, request([implicit]), Ok(implicit)),
            (&by_flags, linear, request([implicit]), Ok(linear)),
            (&by_flags, TILED, request([implicit]), Ok(implicit)),
            (&by_flags, TILED, request([TILED, implicit]), Ok(TILED)),
            (&by_linear_flag, implicit, request([linear]), Ok(linear)),
            (&by_linear_flag, linear, request([linear]), Ok(linear)),
            (&by_linear_flag, TILED, request([linear]), Err(TILED)),
        ];
        for (step, reported, request, expected) in cases {
            assert_eq!(settle(step, reported, &request), expected, "{step:?} {request:?}");
        }
    }
}
